import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'

/** What {@link writeWorkerdConfig} writes. */
export interface WorkerdConfig {
  /** The Worker's entry file. Every export of it whose name ends in `Object` becomes a namespace bound under that name. */
  readonly entry: string
  /** An existing directory for the bundle, the configuration and, in `disk/`, what the objects keep. */
  readonly directory: string
  /** Text bindings. Default: none. */
  readonly texts?: Readonly<Record<string, string>>
  /** `host:port` to serve HTTP on. Default: no socket, for `workerd test`. */
  readonly listen?: string
}

/** The date the Worker is compatible with: every default of then, except Node's modules. */
const COMPATIBILITY_DATE = '2026-10-01'

/**
 * Bundles a Worker for plain workerd, without Node's modules.
 *
 * @returns The path of the configuration to run
 */
export async function writeWorkerdConfig(config: WorkerdConfig): Promise<string> {
  const { directory, texts = {}, listen } = config
  const { metafile } = await build({
    entryPoints: [config.entry],
    outfile: join(directory, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'white-cross-source'],
    external: ['cloudflare:*'],
    metafile: true,
    logLevel: 'warning',
  })
  await mkdir(join(directory, 'disk'), { recursive: true })
  const exported = Object.values(metafile.outputs).flatMap((output) => output.exports)
  const objects = exported.filter((name) => name.endsWith('Object'))
  const namespaces = objects.map(
    (name) => `(className="${name}", uniqueKey="${name}", enableSql=true)`,
  )
  const bindings = [
    ...objects.map((name) => `(name="${name}", durableObjectNamespace="${name}")`),
    ...Object.entries(texts).map(
      ([name, text]) => `(name="${name}", text=${JSON.stringify(text)})`,
    ),
  ]
  const sockets = listen === undefined ? '' : `(name="http", address="${listen}", service="main")`
  const path = join(directory, 'config.capnp')
  await writeFile(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name="main", worker = .mainWorker),
    (name="disk", disk=(path=${JSON.stringify(join(directory, 'disk'))}, writable=true)),
    (name="internet", network=(allow=["public", "private", "local"], tlsOptions=(trustBrowserCas=true))),
  ],
  sockets = [${sockets}],
);
const mainWorker :Workerd.Worker = (
  modules = [(name="worker.js", esModule=embed "worker.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  compatibilityFlags = ["no_nodejs_compat"],
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk="disk"),
  bindings = [${bindings.join(', ')}],
);
`,
  )
  return path
}

/**
 * Runs the `test()` handler of a Worker in workerd and passes on the results it prints, see `test/conformance/run-suites.ts`.
 * What else it says is printed to stderr when it fails.
 *
 * @returns Whether it passed
 */
export async function runWorkerd(entry: string, texts: Record<string, string>): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'workerd-'))
  try {
    const config = await writeWorkerdConfig({ entry, directory, texts })
    const workerd = spawn('workerd', ['test', config], { stdio: ['ignore', 'pipe', 'pipe'] })
    const stop = (): void => void workerd.kill('SIGKILL')
    process.once('exit', stop)
    const remarks: string[] = []
    for (const stream of [workerd.stdout, workerd.stderr]) {
      createInterface(stream).on('line', (line) => {
        const start = line.indexOf('{"runtime":')
        if (start >= 0) console.log(line.slice(start))
        else remarks.push(line)
      })
    }
    const code = await new Promise<number | null>((resolve, reject) =>
      workerd.on('error', reject).on('close', resolve),
    )
    process.off('exit', stop)
    if (code !== 0) console.error(remarks.join('\n'))
    return code === 0
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const [entry = 'test/runtimes/workerd.ts', only = ''] = process.argv.slice(2)
  const { UPSTASH_URL = '', UPSTASH_TOKEN = '', ECHO_URL = '', DEAD_URL = '' } = process.env
  const { SIMULATION_SEEDS = '', S3RVER_URL = '', AZURITE_URL = '' } = process.env
  const texts = {
    ...{ ONLY: only, SIMULATION_SEEDS },
    ...{ UPSTASH_URL, UPSTASH_TOKEN, ECHO_URL, DEAD_URL, S3RVER_URL, AZURITE_URL },
  }
  // So that workerd ends with this program.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  process.exitCode = (await runWorkerd(entry, texts)) ? 0 : 1
}
