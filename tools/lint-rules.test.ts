import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTemporaryTree } from '../test/support/temporary-tree.ts'
import { runProgram } from './run-program.ts'

const root = join(import.meta.dirname, '..')

/** @returns The names of the rules that refuse `text` at `path` */
async function refusedBy(path: string, text: string): Promise<string[]> {
  const copied = ['.oxlintrc.json', 'tsconfig.json', 'package.json']
  const files = copied.map((file) => [file, readFileSync(join(root, file), 'utf8')] as const)
  using tree = createTemporaryTree({ ...Object.fromEntries(files), [path]: text })
  symlinkSync(join(root, 'node_modules'), join(tree.root, 'node_modules'))
  const { output } = await runProgram('oxlint', ['-f', 'unix', path], { cwd: tree.root })
  return [...output.matchAll(/\[Error\/\w+\((.+)\)\]/g)].flatMap((match) => match[1] ?? [])
}

test.for([
  ['no-restricted-globals', 'export const a: number = process.pid'],
  ['no-restricted-globals', "export const a: unknown = Buffer.from('')"],
  ['no-restricted-globals', 'export const a: typeof fetch = fetch'],
  ['no-restricted-globals', 'setTimeout(() => 1, 2)'],
  ['no-restricted-properties', 'export const a: number = Date.now()'],
  ['no-restricted-properties', 'export const a: number = Math.random()'],
  ['no-restricted-properties', 'export const a: string = crypto.randomUUID()'],
  ['no-restricted-properties', 'export const a: unknown = globalThis.fetch'],
  ['no-restricted-properties', 'export const a: AbortSignal = AbortSignal.timeout(1)'],
  ['no-console', "console.log('a')"],
  ['no-eval', "eval('1')"],
  ['no-default-export', 'export default 1'],
  ['no-explicit-any', 'export const a = (b: any): void => void b'],
  ['no-floating-promises', 'async function a(): Promise<void> {}\na()'],
  ['consistent-type-imports', "import { B } from './b.ts'\nexport const a = (b: B): B => b"],
  ['no-non-null-assertion', 'export const a = (b?: string): string => b!'],
] as const)('%s refuses %s in src', async ([rule, text]) => {
  expect(await refusedBy('src/services/a.ts', `${text}\n`)).toContain(rule)
})

test('parameters may bear the names of globals', async () => {
  const text =
    'export const a = (fetch: () => number, process: number): number => fetch() + process\n'
  expect(await refusedBy('src/services/a.ts', text)).toEqual([])
})

test('the platform defaults may use the platform', async () => {
  const text = 'export const a: number = Date.now()\nsetTimeout(() => 1, 2)\n'
  expect(await refusedBy('src/runtime/ports/platform/clock.ts', text)).toEqual([])
})

test('a Worker may export by default', async () => {
  expect(await refusedBy('examples/gateway/worker.ts', 'export default {}\n')).toEqual([])
})
