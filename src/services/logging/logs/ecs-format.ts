import { jsonOf } from './json-line.ts'
import type { LogFormat } from './log-record.ts'

/** Names of ours that the Elastic Common Schema has words for. */
const NAMES: Readonly<Record<string, string>> = {
  requestId: 'http.request.id',
  traceId: 'trace.id',
  spanId: 'span.id',
}

/**
 * One line of JSON in the Elastic Common Schema 8: what has no word there stands under `labels`.
 */
export const ecsFormat: LogFormat = (record) => {
  const { levelName, time, sequence, service, module, fields, message } = record
  const known: Record<string, unknown> = {
    '@timestamp': new Date(time).toISOString(),
    'log.level': levelName,
    message,
    'ecs.version': '8.11.0',
    'event.sequence': sequence,
    ...(service !== undefined && { 'service.name': service }),
    ...(module !== undefined && { 'log.logger': module }),
  }
  const labels: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    const ecs = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
    if (ecs !== undefined) known[ecs] = value
    else if ((name === 'err' || name === 'error') && isError(value)) {
      known['error.type'] = value['type']
      known['error.message'] = value['message']
      known['error.stack_trace'] = value['stack']
    } else labels[name] = value
  }
  if (Object.keys(labels).length > 0) known['labels'] = labels
  return jsonOf(known)
}

function isError(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'message' in value && 'type' in value
}
