import { jsonFields, jsonOf } from './json-line.ts'
import type { LogFormat } from './log-record.ts'

const RESERVED: ReadonlySet<string> = new Set([
  'v',
  'level',
  'name',
  'hostname',
  'pid',
  'time',
  'msg',
])

/** One line of JSON that the `bunyan` tool reads. An isolate has no process: `pid` is 0. */
export const bunyanFormat: LogFormat = ({ level, time, service, module, fields, message }) => {
  const own = module === undefined || 'module' in fields ? {} : { module }
  return `{"v":0,"level":${level},"name":${jsonOf(service ?? 'app')},"hostname":"","pid":0,"time":"${new Date(time).toISOString()}"${jsonFields(own, RESERVED)}${jsonFields(fields, RESERVED)},"msg":${jsonOf(message)}}`
}
