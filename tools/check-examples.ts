import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commentExamples } from './comment-examples.ts'
import { createConsumerFolder } from './consumer-folder.ts'
import { report } from './report.ts'
import { runProgram } from './run-program.ts'
import { sourceFiles } from './source-files.ts'

/** One block of TypeScript in a page. */
export interface Example {
  readonly page: string
  /** The line of the page on which its first line stands. */
  readonly line: number
  readonly code: string
  /** Whether it is run; each is compiled. */
  readonly run: boolean
}

/** Blocks that are pieces of a program say so with this word, and are left alone. */
const FRAGMENT = 'fragment'

/** Why a block is compiled and not run. */
const NOT_RUN: Readonly<Record<string, string>> = {
  worker: 'it needs the bindings of a Worker',
  endless: 'it works until it is ended',
  peer: 'it asks a vendor, a gateway, a sidecar or a Redis of its reader',
}

/** What examples take from their reader: with these they end, or at least begin. */
const GIVEN = `
globalThis.secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='
process.env.DASHBOARD_SECRET = 'a secret of thirty-two characters'
process.env.SENDGRID_KEY = 'SG.of-nobody'
process.env.SENDGRID_WEBHOOK_KEY = 'of-nobody'
`

/** @returns The blocks of a Markdown page that are whole programs */
export function examplesOf(page: string, markdown: string): Example[] {
  return [...markdown.matchAll(/^```ts\b([^\n]*)\n(.*?)^```/gms)].flatMap((match) => {
    const [, words = '', code = ''] = match
    if (words.includes(FRAGMENT)) return []
    const line = markdown.slice(0, match.index).split('\n').length + 1
    return [{ page, line, code, run: words.split(' ').includes('run') }]
  })
}

/** @returns Blocks that say neither that they are run nor why they are not */
export function unmarkedExamples(page: string, markdown: string): string[] {
  const marks = ['run', FRAGMENT, ...Object.keys(NOT_RUN)]
  return [...markdown.matchAll(/^```ts\b([^\n]*)\n/gm)].flatMap(({ 1: words = '', index }) => {
    if (marks.includes(words.trim())) return []
    const line = markdown.slice(0, index).split('\n').length
    return [`${page}:${line} says “ts${words}”, ts and one of ${marks.join(', ')} expected`]
  })
}

/** Compiles the examples of README.md, docs/ and doc comments, and runs those that ask for it. @returns What is wrong */
export async function checkExamples(root: string): Promise<{ problems: string[]; seen: number }> {
  const pages = ['README.md', ...sourceFiles(root, ['docs'], '.md')]
  const texts = pages
    .filter((page) => existsSync(join(root, page)))
    .map((page) => [page, readFileSync(join(root, page), 'utf8')] as const)
  const examples = texts.flatMap(([page, text]) => examplesOf(page, text))
  using folder = createConsumerFolder(root)
  symlinkSync(root, join(folder.path, 'node_modules/@white-cross/reuse'))
  for (const example of examples) writeFileSync(join(folder.path, fileOf(example)), padded(example))
  writeFileSync(join(folder.path, 'bindings.d.ts'), bindingsOf(examples))
  const comments = commentExamples(root)
  for (const example of comments) writeFileSync(join(folder.path, fileOf(example)), padded(example))
  writeFileSync(join(folder.path, 'given.js'), GIVEN)
  const problems = await Promise.all([
    compile(
      root,
      folder.path,
      'test',
      examples.filter((example) => !isWorker(example)),
    ),
    compile(root, folder.path, 'worker', examples.filter(isWorker)),
    compile(root, folder.path, 'test', comments).then((lines) => lines.filter(isFault)),
  ])
  for (const example of examples.filter(({ run }) => run)) {
    const args = ['--conditions=white-cross-source', '--import=./given.js', fileOf(example)]
    const { code, output } = await runProgram('node', args, { cwd: folder.path, timeoutMs: 30_000 })
    if (code !== 0)
      problems.push([`${example.page}:${example.line} ends with code ${code}: ${output}`])
  }
  const unmarked = texts.flatMap(([page, text]) => unmarkedExamples(page, text))
  return { problems: [...unmarked, ...problems.flat()], seen: examples.length + comments.length }
}

async function compile(
  root: string,
  folder: string,
  project: string,
  examples: readonly Example[],
): Promise<string[]> {
  if (examples.length === 0) return []
  const config = {
    extends: join(root, `tsconfig.${project}.json`),
    compilerOptions: { noUnusedLocals: false, verbatimModuleSyntax: false },
    files: [...examples.map(fileOf), ...(project === 'worker' ? ['bindings.d.ts'] : [])],
    include: [],
  }
  const name = `tsconfig.${project}.${examples.length}.json`
  writeFileSync(join(folder, name), JSON.stringify(config))
  const { code, output } = await runProgram('tsc', ['-p', name], { cwd: folder })
  if (code === 0) return []
  const lines = output.trim().split('\n')
  return lines.map((line) =>
    line.replace(/^(\S+)\.\d+\.ts\(/, (_, page: string) => `${page.replaceAll('~', '/')}(`),
  )
}

/** What the code around a comment's example would declare is no fault of it. */
function isFault(line: string): boolean {
  return !/ error TS(?:2304|2552|2503|18004|6133|7006|7030|7031): /.test(line)
}

/** What `wrangler types` would write for a Worker with the bindings that the examples name: objects, else texts. */
function bindingsOf(examples: readonly Example[]): string {
  const names = examples.flatMap(({ code }) => [...code.matchAll(/\benv\.([A-Z_]+)/g)])
  const types = new Map([
    ['INFRASTRUCTURE', 'DurableObjectNamespace'],
    ['EMAIL', 'SendEmail'],
    ['FILES', 'R2Bucket'],
  ])
  const members = [...new Set(names.map(([, name = '']) => name))].map(
    (name) => `${name}: ${types.get(name) ?? 'string'}`,
  )
  return `declare namespace Cloudflare { interface Env { ${members.join('; ')} } }\n`
}

/** Its lines keep their numbers of the page, so that a compiler's complaint points to the right one. */
function padded({ line, code }: Example): string {
  return `${'\n'.repeat(Math.max(0, line - 2))}export {}\n${code}`
}

function fileOf({ page, line }: Example): string {
  return `${page.replaceAll('/', '~')}.${line}.ts`
}

function isWorker({ code }: Example): boolean {
  return code.includes("'cloudflare:") || code.includes('runtime/durable-objects')
}

if (import.meta.main) {
  const { problems, seen } = await checkExamples(join(import.meta.dirname, '..'))
  report('examples', problems, `${seen} examples in README.md, docs and comments`)
}
