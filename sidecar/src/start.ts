import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createScanner } from './scans/clamd-scanner.ts'
import { startSidecar, VERSION } from './server/create-sidecar.ts'
import { readSettings } from './settings.ts'

const settings = readSettings(process.env)
const { host, port, keys, stores, limits, scratch } = settings
// What is not configured is not loaded: it would be looked through at each garbage collection.
const mail =
  settings.smtp === null
    ? null
    : (await import('./mail/mail-handlers.ts')).createMailHandlers(settings.smtp, limits.mail)

const server = await startSidecar({
  ...{ host, port, keys, stores, limits },
  ...(scratch !== undefined && { scratch }),
  scanner: settings.clamd === null ? null : createScanner(settings.clamd, limits.scan),
  ...(mail !== null && { handlers: mail.handlers }),
  onError: (error, path) => log('error', { path, error: described(error) }),
})
const bridges =
  settings.bullmq === null
    ? null
    : (await import('./bullmq/start-bridges.ts')).startBridges(settings.bullmq, keys, (error) =>
        log('error', { error: described(error) }),
      )
const metrics =
  settings.metricsPort === null
    ? null
    : createServer((request, response) => {
        if (request.method !== 'GET' || request.url !== '/metrics') {
          response.writeHead(404).end()
          return
        }
        response.writeHead(200, {
          'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
        })
        response.end(server.metrics())
      })
if (metrics !== null) await once(metrics.listen(settings.metricsPort ?? 0, host), 'listening')
log('started', {
  version: VERSION,
  url: server.url,
  ...(metrics !== null && { metricsPort: (metrics.address() as AddressInfo | null)?.port }),
})

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (stopping) return
    stopping = true
    void stop(signal)
  })

async function stop(signal: string): Promise<void> {
  log('stopping', { signal })
  await Promise.all([server.stop(settings.graceMs), bridges?.stop(settings.graceMs)])
  mail?.close()
  metrics?.close()
  log('stopped', {})
}

/** One line of JSON: nothing of what is worked on, and no keys of objects. */
function log(event: string, fields: object): void {
  console.log(JSON.stringify({ at: new Date().toISOString(), event, ...fields }))
}

function described(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const code: unknown = 'code' in error ? error.code : undefined
  const cause = error.cause instanceof Error ? `, caused by ${error.cause.name}` : ''
  return `${error.name}${typeof code === 'string' ? ` ${code}` : ''}${cause}`
}
