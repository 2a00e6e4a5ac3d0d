import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A Worker running in local workerd. */
export interface LocalWorker {
  readonly url: string
  /** Ends wrangler and workerd and resolves when they are gone. Twice does nothing. */
  stop(): Promise<void>
}

/** What {@link startLocalWorker} is told. */
export interface LocalWorkerOptions {
  /** Path of its wrangler.toml. */
  readonly config: string
  /** Its variables. Default: none. */
  readonly variables?: Readonly<Record<string, string>>
  /** By which its imports are resolved. Default: the source of this package, else Workers' own. */
  readonly conditions?: string
}

const WORKERS = 'workerd,worker,browser'
const START_MS = 120_000

/** Starts a Worker with wrangler and resolves once it listens. It keeps nothing. */
export async function startLocalWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const { config, variables = {}, conditions = `${WORKERS},white-cross-source` } = options
  const folder = await mkdtemp(join(tmpdir(), 'worker-'))
  const port = await findFreePort()
  const args = [
    'dev',
    `--config=${config}`,
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--inspector-port=${await findFreePort()}`,
    '--show-interactive-dev-session=false',
    `--persist-to=${folder}`,
    ...Object.entries(variables).map(([name, value]) => `--var=${name}:${value}`),
  ]
  // A group of its own, so that killing it takes workerd along.
  const child = spawn('wrangler', args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      WRANGLER_BUILD_CONDITIONS: conditions,
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_SEND_METRICS: 'false',
      CI: 'true',
    },
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal)
  }
  const onExit = (): void => kill('SIGKILL')
  process.once('exit', onExit)
  let printed = ''
  const ready = new Promise<'ready'>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed = (printed + text).slice(-4000)
        if (printed.includes('Ready on')) resolve('ready')
      })
  })
  const tooLate = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => tooLate.resolve('late'), START_MS)
  const outcome = await Promise.race([ready, ended.then(() => 'ended'), tooLate.promise])
  clearTimeout(timer)
  const stop = async (): Promise<void> => {
    kill('SIGTERM')
    const force = setTimeout(() => kill('SIGKILL'), 5000)
    await ended
    clearTimeout(force)
    process.off('exit', onExit)
    await rm(folder, { recursive: true, force: true })
  }
  if (outcome !== 'ready') {
    await stop()
    throw new Error(`Cannot start Worker: wrangler is ${outcome}, it said: ${printed}`)
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('Cannot find a free port: the probe has no address')),
      )
    })
  })
}
