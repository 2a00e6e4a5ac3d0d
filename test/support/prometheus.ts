import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricsService } from '../../src/services/logging/index.ts'
import { findFreePort, startGuarded } from './guarded-program.ts'

/** A server on loopback. */
export interface LocalServer {
  readonly url: string
  stop(): Promise<void>
}

/** Whether a program can be run here. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}

/** Serves metrics as a gateway does, at whatever path. `asked` gets the `Accept` of each request. */
export async function serveMetrics(
  metrics: MetricsService,
  asked: (string | undefined)[] = [],
): Promise<LocalServer> {
  const server = createServer((request, response) => {
    const { accept } = request.headers
    asked.push(accept)
    const headers = new Headers(accept === undefined ? {} : { accept })
    void metrics.expose({ headers }).then(({ body, contentType }) => {
      response.writeHead(200, { 'content-type': contentType }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Starts Prometheus, which scrapes `targets` each second and keeps exemplars. */
export async function startPrometheus(targets: readonly string[]): Promise<LocalServer> {
  const directory = await mkdtemp(join(tmpdir(), 'prometheus-'))
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const config = join(directory, 'prometheus.yml')
  const hosts = targets.map((target) => JSON.stringify(new URL(target).host)).join()
  await writeFile(
    config,
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: reuse
    static_configs: [{ targets: [${hosts}] }]
`,
  )
  const program = await startGuarded({
    command: [
      'prometheus',
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    isReady: async () => (await fetch(`${url}/-/ready`)).ok,
  })
  return {
    url,
    async stop() {
      await program.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Starts Prometheus' Pushgateway. */
export async function startPushgateway(): Promise<LocalServer> {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const { stop } = await startGuarded({
    command: ['prometheus-pushgateway', `--web.listen-address=127.0.0.1:${port}`],
    isReady: async () => (await fetch(`${url}/-/ready`)).ok,
  })
  return { url, stop: () => stop() }
}
