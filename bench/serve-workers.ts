import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'

/** A Worker to serve. */
export interface WorkerToServe {
  readonly name: string
  /** Its entry file. Every export whose name ends in `Object` becomes a namespace bound under that name. */
  readonly entry: string
  /** Whether it needs Node's modules and something by the name of `cloudflare:email`. Default false. */
  readonly node?: boolean
}

/** Workers in one workerd, their objects' storage on disk in a folder of their own. */
export interface ServedWorkers {
  /** Where the Worker of that name listens. */
  url(name: string): string
  /** The group of its processes. */
  readonly group: number
  stop(): Promise<void>
}

/** The date the Workers are compatible with: every default of then. */
const COMPATIBILITY_DATE = '2026-10-01'

const NO_EMAIL = join(import.meta.dirname, 'workers/no-email.ts')

/** What a bundle that calls `require` for Node's modules needs to be an ES module. */
const REQUIRE =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire("/");'

/** Bundles each Worker and serves them all from one `workerd serve`, each on a port of its own on loopback. */
export async function serveWorkers(workers: readonly WorkerToServe[]): Promise<ServedWorkers> {
  const folder = mkdtempSync(join(tmpdir(), 'reuse-bench-'))
  mkdirSync(join(folder, 'disk'))
  const parts: string[] = []
  for (const { name, entry, node = false } of workers) {
    const file = `${name}.js`
    const { metafile } = await build({
      entryPoints: [entry],
      outfile: join(folder, file),
      bundle: true,
      format: 'esm',
      target: 'es2024',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['workerd', 'worker', 'browser', 'white-cross-source'],
      external: ['cloudflare:*', 'node:*'],
      alias: node ? { path: 'node:path', 'cloudflare:email': NO_EMAIL } : {},
      banner: node ? { js: REQUIRE } : {},
      metafile: true,
      logLevel: 'error',
    })
    const objects = Object.values(metafile.outputs)
      .flatMap((output) => output.exports)
      .filter((exported) => exported.endsWith('Object'))
    const namespaces = objects.map(
      (object) => `(className="${object}", uniqueKey="${object}", enableSql=true)`,
    )
    const bindings = objects.map(
      (object) => `(name="${object}", durableObjectNamespace="${object}")`,
    )
    parts.push(`const ${name}Worker :Workerd.Worker = (
  modules = [(name="${file}", esModule=embed "${file}")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  compatibilityFlags = [${node ? '' : '"no_nodejs_compat"'}],
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk="disk"),
  bindings = [${bindings.join(', ')}],
);`)
  }
  const services = workers.map(({ name }) => `(name="${name}", worker = .${name}Worker)`)
  const sockets = workers.map(
    ({ name }) => `(name="${name}", address="127.0.0.1:0", service="${name}")`,
  )
  const config = join(folder, 'config.capnp')
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(', ')}, (name="disk", disk=(path=${JSON.stringify(join(folder, 'disk'))}, writable=true))],
  sockets = [${sockets.join(', ')}],
);
${parts.join('\n')}
`,
  )
  return await serve(folder, config, workers.length)
}

async function serve(folder: string, config: string, sockets: number): Promise<ServedWorkers> {
  const child = spawn('workerd', ['serve', '--control-fd=3', config], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    // A group of its own: what npm installs may be a script that starts workerd, and both must go.
    detached: true,
  })
  const ended = once(child, 'exit')
  let said = ''
  // A pipe, as asked for above. What the Workers log is kept to the last, for the case that workerd does not start.
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (said = (said + text).slice(-4000)))
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL')
  }
  process.once('exit', kill)
  const ports = new Map<string, number>()
  // The fourth stream is a pipe, as asked for above.
  for await (const line of createInterface(child.stdio[3] as Readable)) {
    const { socket, port } = JSON.parse(line) as { readonly socket?: string; readonly port: number }
    if (socket !== undefined) ports.set(socket, port)
    if (ports.size === sockets) break
  }
  if (ports.size < sockets) {
    await ended
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`Cannot serve Workers: workerd ended, it said: ${said}`)
  }
  return {
    url: (name) => `http://127.0.0.1:${ports.get(name)}/`,
    // What listens has been started.
    group: child.pid ?? 0,
    async stop() {
      kill()
      await ended
      process.off('exit', kill)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
