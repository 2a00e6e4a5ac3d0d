import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const RUNS = 15
/** The program itself: what npm puts into the path may be a script that starts it. */
const { default: workerd } = createRequire(import.meta.url)('workerd') as {
  readonly default: string
}
const EXPORTS_END = /export\{[^}]*\};?/g
const IMPORTS = /import\s*\{([^}]*)\}\s*from\s*"cloudflare:[^"]*";/g

const OBJECT =
  'import{DurableObject}from"cloudflare:workers";export class InfrastructureObject extends DurableObject{}'

/** Measures what a start of the gateway costs before it has answered one request. @returns Markdown */
export async function measure(machine: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'reuse-bench-'))
  const whole = await bundle()
  const workers = {
    nothing: `${OBJECT};export default{fetch:()=>new Response()}`,
    read: onlyRead(whole),
    whole,
  }
  const spent: Record<keyof typeof workers, number[]> = { nothing: [], read: [], whole: [] }
  for (const [name, code] of Object.entries(workers))
    writeFileSync(join(folder, `${name}.js`), code)
  for (let run = 0; run < RUNS; run++)
    for (const name of ['nothing', 'read', 'whole'] as const)
      spent[name].push(await startOnce(folder, name))
  rmSync(folder, { recursive: true, force: true })
  const middle = (name: keyof typeof workers): number =>
    spent[name].toSorted((a, b) => a - b)[RUNS >> 1] ?? 0
  const line = (name: string, ms: number): string => `| ${name} | ${ms.toFixed(0)} |`
  return [
    '## A start of the gateway',
    '',
    `CPU of a new workerd until it has answered one request, all its threads together, beyond what a Worker takes that does nothing (${middle('nothing').toFixed(0)} ms): ms, the middle of ${RUNS}. The bundle has ${whole.length.toLocaleString('en-US')} characters, minified. workerd reads all of them at each start, whatever is run; what a Worker loads at its first use (\`import()\`) is read with the rest, and evaluated then.`,
    '',
    '| what | ms |',
    '|---|---:|',
    line('the bundle is read', middle('read') - middle('nothing')),
    line('it is evaluated, the gateway is composed and answers', middle('whole') - middle('read')),
    line('together', middle('whole') - middle('nothing')),
    '',
    `Measured on ${machine}.`,
    '',
  ].join('\n')
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../examples/gateway/worker.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser', 'white-cross-source'],
    external: ['cloudflare:*'],
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

/** The same code in a function that nobody calls. */
function onlyRead(whole: string): string {
  const names = [...whole.matchAll(IMPORTS)].flatMap(([, list = '']) =>
    list.split(',').map((name) => name.split(' as ').at(-1)?.trim()),
  )
  const body = whole.replace(IMPORTS, '').replace(EXPORTS_END, '')
  const unused = `globalThis.unused=async function(${names.join()}){${body}}`
  return `${OBJECT};export default{fetch:()=>new Response()};${unused}`
}

/** @returns ms of CPU until one request was answered */
async function startOnce(folder: string, name: string): Promise<number> {
  const port = await freePort()
  writeFileSync(join(folder, 'config.capnp'), configOf(`${name}.js`, port))
  const child = spawn(workerd, ['serve', 'config.capnp'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(child, 'exit')
  try {
    while (!(await answers(port)))
      if (child.exitCode !== null) throw new Error(`Cannot measure ${name}: workerd ended`)
    return cpuMs(child.pid ?? 0)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    await (await fetch(`http://127.0.0.1:${port}/`)).arrayBuffer()
    return true
  } catch {
    await new Promise<void>((resolve) => setTimeout(resolve, 20))
    return false
  }
}

/** As Linux counts it, to the ns. */
function cpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const ns = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  )
  return ns.reduce((sum, one) => sum + one, 0) / 1e6
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

function configOf(file: string, port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "files", worker = .files)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const files :Workerd.Worker = (
  modules = [(name = "files", esModule = "export default{fetch:()=>new Response()}")],
  compatibilityDate = "2026-10-01",
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${file}")],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["no_nodejs_compat"],
  bindings = [
    (name = "INFRASTRUCTURE", durableObjectNamespace = "InfrastructureObject"),
    (name = "FILES", r2Bucket = "files"),
    (name = "ROOT_KEY_SHA256", text = "${'a'.repeat(64)}"),
  ],
  durableObjectNamespaces = [
    (className = "InfrastructureObject", uniqueKey = "start", enableSql = true),
  ],
  durableObjectStorage = (inMemory = void),
);
`
}
