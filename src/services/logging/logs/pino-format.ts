import { jsonFields, jsonOf } from './json-line.ts'
import type { LogFormat } from './log-record.ts'

const RESERVED: ReadonlySet<string> = new Set(['level', 'time', 'msg'])

/** Many lines are of one millisecond. */
let lastTime = NaN
let lastText = ''

/** One line of JSON as pino writes it: `level` a number, `time` ms since 1970, `msg`. */
export const pinoFormat: LogFormat = ({ level, time, service, module, fields, message }) => {
  if (time !== lastTime) {
    lastTime = time
    lastText = String(time)
  }
  let line = `{"level":${level},"time":${lastText}`
  if (service !== undefined && !('service' in fields)) line += `,"service":${jsonOf(service)}`
  if (module !== undefined && !('module' in fields)) line += `,"module":${jsonOf(module)}`
  return `${line}${jsonFields(fields, RESERVED)},"msg":${jsonOf(message)}}`
}
