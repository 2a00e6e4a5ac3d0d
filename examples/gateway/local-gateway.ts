import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, resolve } from 'node:path'

/** Where the local gateway keeps its root key and its Durable Objects; ignored by git. */
export const STATE_FOLDER = '.reuse'

const SHORTEST_KEY = 20

/** How {@link startLocalGateway} runs the gateway. */
export interface LocalGatewayOptions {
  /** Default: a free one. */
  readonly port?: number
  /** The root key; the Worker gets only its SHA-256. */
  readonly key: string
  /** Where Durable Objects are kept. Default {@link STATE_FOLDER}. */
  readonly stateFolder?: string
  /** Further variables of the Worker; see `worker.ts`. */
  readonly variables?: Readonly<Record<string, string>>
  /** Gets what wrangler prints. Default: dropped. */
  readonly onOutput?: (text: string) => void
}

/** The gateway running in local workerd. */
export interface LocalGateway {
  readonly url: string
  /** Resolves when it has ended by itself or was stopped. */
  readonly ended: Promise<void>
  /** Ends it in order. */
  stop(): Promise<void>
  /** Kills wrangler and workerd at once, as a power failure would. */
  kill(): Promise<void>
}

/** Starts the gateway with wrangler and resolves once it answers. */
export async function startLocalGateway(options: LocalGatewayOptions): Promise<LocalGateway> {
  const { key, stateFolder = STATE_FOLDER, variables = {}, onOutput } = options
  const port = options.port ?? (await freePort())
  const args = [
    'dev',
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--inspector-port=${await freePort()}`,
    '--show-interactive-dev-session=false',
    `--persist-to=${resolve(stateFolder)}`,
    ...Object.entries({ ...variables, ROOT_KEY_SHA256: sha256(key) }).map(
      ([name, value]) => `--var=${name}:${value}`,
    ),
  ]
  // A group of its own, so that killing it takes workerd along.
  const child = spawn('wrangler', args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // The source is bundled as it is: no build before a start.
      WRANGLER_BUILD_CONDITIONS: 'workerd,worker,browser,white-cross-source',
      WRANGLER_SEND_METRICS: 'false',
      // Only what a real edge knows of a request's origin is missing then.
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      // It records every span of every request, which takes most of the time.
      X_LOCAL_OBSERVABILITY: 'false',
      X_LOCAL_EXPLORER: 'false',
      CI: 'true',
    },
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  let printed = ''
  const ready = new Promise<void>((done) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        onOutput?.(text)
        printed = (printed + text).slice(-4000)
        if (printed.includes('Ready on')) done()
      })
    }
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal)
    await ended
  }
  const outcome = await Promise.race([ready.then(() => 'ready'), ended.then(() => 'ended')])
  if (outcome === 'ended')
    throw new Error(`Cannot start gateway: wrangler ended, it said: ${printed}`)
  return {
    url: `http://127.0.0.1:${port}`,
    ended,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/**
 * Reads the root key, or makes it on the first run, and where the file is empty: nobody has had a key
 * from it.
 *
 * @throws Error when what stands there can be guessed
 */
export function rootKey(file = `${STATE_FOLDER}/root-key`): string {
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (kept.length >= SHORTEST_KEY) return kept
  if (kept !== '')
    throw new Error(
      `Cannot start gateway: ${file} holds ${kept.length} characters, ${SHORTEST_KEY} or more expected; delete it to have a key made`,
    )
  const key = newRootKey()
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${key}\n`, { mode: 0o600 })
  return key
}

/** @returns An address of the dashboard that lets its reader in once */
export async function signInLink(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/dashboard/sign-in-links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
  })
  const made: unknown = await response.json()
  if (typeof made !== 'object' || made === null || !('url' in made))
    throw new Error(`Cannot make a link to the dashboard: the gateway answered ${response.status}`)
  return String(made.url)
}

/** @returns A key that nobody can guess */
export function newRootKey(): string {
  return `wcr_root_${randomBytes(24).toString('base64url')}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      // A server that listens on TCP has an address of this form.
      const { port } = server.address() as AddressInfo
      server.close(() => done(port))
    })
  })
}
