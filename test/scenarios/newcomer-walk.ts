/**
 * A newcomer's walk: the packed tarball in an empty folder, the README's programs pasted as they
 * stand, and what each of them shows, on every runtime that it is for.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createInterface } from 'node:readline'
import { expectTrue } from '../../src/runtime/ports/conformance.ts'
import { examplesOf } from '../../tools/check-examples.ts'
import { packPackage } from '../../tools/package/pack-package.ts'
import { runProgram } from '../../tools/run-program.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import { startLocalWorker, type LocalWorker } from '../support/local-worker.ts'

const root = join(import.meta.dirname, '../..')
const RUNTIMES = {
  Node: ['node'],
  Bun: ['bun'],
  Deno: ['deno', 'run', '-A', '--quiet', '--no-lock', '--node-modules-dir=manual'],
} as const
const LIMIT_MS = 90_000

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const programs = examplesOf('README.md', readme).map(({ code }) => code)
using folder = await packPackage(root)
// The README says that its Worker needs it.
expectTrue(readme.includes('npm install hono zod'), 'the README to name what its Worker needs')
symlinkSync(join(root, 'node_modules/zod'), join(folder.path, 'node_modules/zod'))

const first = programOf('await queue.drain() // Hello')
const webhooks = programOf('webhooks.drain()')
const server = programOf("sqlite('./data.db')\nconst queue")
const worker = programOf("from 'cloudflare:workers'")
const [, toml = ''] = /^```toml\n(.*?)^```/ms.exec(readme) ?? []

const cases: SuiteCase[] = [
  ...Object.entries(RUNTIMES).flatMap(([runtime, command]) => [
    walk(`the first program greets John on ${runtime}`, async () => {
      const output = await show(command, paste(`first-${runtime}.ts`, first))
      // Each runtime prints objects in its own way.
      const greeting = /Hello \{\s*name: ['"]John['"],?\s*\}/
      expectTrue(greeting.test(output), `a greeting, not ${output}`)
    }),
    walk(`a webhook arrives and is authentic on ${runtime}`, async () => {
      const output = await show(command, paste(`webhooks-${runtime}.ts`, webhooks))
      const arrived = /received \{"type":"order\.paid".*"total":120\}\} authentic: true/
      expectTrue(arrived.test(output), `what arrived, not ${output}`)
    }),
    walk(`the server runs what another process adds on ${runtime}`, () => serve(command, runtime)),
  ]),
  walk('the Worker takes a job, refuses a bad one with 400 and runs what it took in workerd', work),
]
const suites = [{ subject: 'README', adapter: 'package', cases }]
const failed = await runSuites('node', suites, console.log, process.argv[2])
process.exitCode = failed > 0 ? 1 : 0

function walk(name: string, run: () => Promise<void>): SuiteCase {
  return { name, run }
}

/** @throws Error when the README has no such program */
function programOf(part: string): string {
  const found = programs.find((code) => code.includes(part))
  if (found === undefined) throw new Error(`Cannot find program in README: none has ${part}`)
  return found
}

function paste(name: string, code: string): string {
  writeFileSync(join(folder.path, name), code)
  return name
}

/** @returns All that it printed, once it has ended well */
async function show(command: readonly string[], file: string): Promise<string> {
  const [program = '', ...args] = command
  const { code, output } = await runProgram(program, [...args, file], {
    cwd: folder.path,
    timeoutMs: LIMIT_MS,
  })
  expectTrue(code === 0, `${file} to end well, not with ${code}: ${output}`)
  return output
}

async function serve(command: readonly string[], runtime: string): Promise<void> {
  const data = `./data-${runtime}.db`
  const own = (code: string): string => code.replaceAll('./data.db', data)
  const [program = '', ...args] = command
  const running = spawn(program, [...args, paste(`server-${runtime}.ts`, own(server))], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const adding = own(first)
      .replace("':memory:'", `'${data}'`)
      .replace(/await queue\.drain\(\).*/, '')
    await show(command, paste(`adder-${runtime}.ts`, adding))
    for await (const line of createInterface({ input: running.stdout }))
      if (line.includes('John')) return
    throw new Error('Expected the data of the job, and the server ended')
  } finally {
    running.kill('SIGKILL')
  }
}

/** The Worker as it stands, but for the address that it posts to: nothing leaves this machine. */
async function work(): Promise<void> {
  const place = join(folder.path, 'worker')
  mkdirSync(join(place, 'src'), { recursive: true })
  const sent = Promise.withResolvers<string>()
  const { createServer } = await import('node:http')
  const mail = createServer((request, response) => {
    text(request).then((body) => {
      sent.resolve(body)
      response.end()
    }, sent.reject)
  })
  await new Promise<void>((listening) => mail.listen(0, '127.0.0.1', listening))
  const address = mail.address()
  const port = typeof address === 'object' ? address?.port : 0
  const local = worker.replace('https://mail.example', `http://127.0.0.1:${port}`)
  expectTrue(local !== worker, 'the Worker to post to mail.example')
  writeFileSync(join(place, 'src/worker.ts'), local)
  writeFileSync(join(place, 'wrangler.toml'), toml)
  let running: LocalWorker | undefined
  try {
    const { url } = (running = await startLocalWorker({
      config: join(place, 'wrangler.toml'),
      conditions: 'workerd,worker,browser',
    }))
    const post = (body: unknown): Promise<Response> =>
      fetch(`${url}/welcome`, { method: 'POST', body: JSON.stringify(body) })
    const taken = await post({ to: 'john@example.com' })
    expectTrue(taken.status === 202, `202, not ${taken.status}: ${await taken.text()}`)
    expectTrue((await sent.promise) === '{"to":"john@example.com"}', 'the mail to be sent')
    for (const bad of [await post({ to: 'nobody' }), await post(undefined)])
      expectTrue(bad.status === 400, `400 for bad data, not ${bad.status}`)
  } finally {
    await running?.stop()
    mail.close()
  }
}
