import { jsonFields, jsonOf } from './json-line.ts'
import type { LogFormat } from './log-record.ts'

const RESERVED: ReadonlySet<string> = new Set(['level', 'message', 'timestamp'])

/** One line of JSON as winston's `format.json()` after `format.timestamp()` writes it. */
export const winstonFormat: LogFormat = ({ levelName, time, service, module, fields, message }) => {
  const own = {
    ...(service !== undefined && !('service' in fields) && { service }),
    ...(module !== undefined && !('module' in fields) && { module }),
  }
  return `{"level":"${levelName}","message":${jsonOf(message)},"timestamp":"${new Date(time).toISOString()}"${jsonFields(own, RESERVED)}${jsonFields(fields, RESERVED)}}`
}
