import { randomBytes } from 'node:crypto'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTemporaryTree, type TemporaryTree } from '../../test/support/temporary-tree.ts'
import { checkBundles } from './check-bundles.ts'
import { checkDeclarations } from './check-declarations.ts'
import { checkImports } from './check-imports.ts'
import { checkProgram } from './check-program.ts'

const door = { subpath: './infrastructure/a', source: 'src/a.ts' } as const
const root = join(import.meta.dirname, '../..')

/** A folder in which a package of one door is installed, and a source tree of the same. */
function installed(code: string, declaration = 'export declare const a: number'): TemporaryTree {
  const manifest = (target: string): string =>
    JSON.stringify({
      name: '@white-cross/reuse',
      type: 'module',
      exports: { './infrastructure/a': { types: './a.d.ts', default: target } },
    })
  const tree = createTemporaryTree({
    'node_modules/@white-cross/reuse/package.json': manifest('./a.js'),
    'node_modules/@white-cross/reuse/a.js': code,
    'node_modules/@white-cross/reuse/a.d.ts': declaration,
    'package.json': '{ "type": "module" }',
    'source/package.json': manifest('./a.ts'),
    'source/a.ts': 'export const a: number = 1',
  })
  symlinkSync(join(root, 'node_modules/@cloudflare'), join(tree.root, 'node_modules/@cloudflare'))
  return tree
}

async function importProblems(code: string): Promise<string[]> {
  using tree = installed(code)
  return await checkImports(`${tree.root}/source`, tree.root, [door])
}

async function bundleProblems(code: string, budgetBytes?: number): Promise<string[]> {
  using tree = installed(code)
  const given = budgetBytes === undefined ? door : { ...door, budgetBytes }
  return await checkBundles(root, tree.root, [given])
}

/** Text that gzip cannot make much smaller. */
function randomText(bytes: number): string {
  return randomBytes(bytes).toString('base64')
}

async function declarationProblems(declaration: string): Promise<string[]> {
  using tree = installed('', declaration)
  return await checkDeclarations(tree.root, [door])
}

test('checkImports() is content where every runtime gets what the source exports', async () => {
  expect(await importProblems('export const a = 1')).toEqual([])
})

test('checkImports() sees another export than in the source', async () => {
  expect(await importProblems('export const b = 1')).toEqual(
    ['node', 'deno', 'bun'].map((runtime): unknown =>
      expect.stringContaining(`${runtime} imports`),
    ),
  )
})

test('checkImports() sees a module that speaks while it is imported', async () => {
  expect(await importProblems("console.log('hello'); export const a = 1")).toEqual(
    ['node', 'deno', 'bun'].map((runtime) => `${runtime} prints while importing: hello`),
  )
})

test('checkImports() sees a module that asks for a permission while it is imported', async () => {
  const code = "globalThis.Deno?.env.get('HOME'); export const a = 1"
  expect(await importProblems(code)).toEqual([expect.stringContaining('deno cannot import')])
})

test('checkBundles() is content with a module that needs nothing', async () => {
  expect(await bundleProblems('export const a = 1')).toEqual([])
})

test.for([
  ['node:fs', "export { readFileSync } from 'node:fs'", 'Cannot bundle'],
  ['a hidden node:fs', "const name = 'node:fs'; export const a = () => import(name)", 'node:'],
  ['Buffer', "export const a = Buffer.from('')", 'Buffer.'],
  ['process', 'export const a = () => process.env.HOME', 'process.'],
  ['eval', "export const a = () => eval('1')", 'eval('],
] as const)('checkBundles() refuses %s', async ([, code, problem]) => {
  expect(await bundleProblems(code)).toContainEqual(expect.stringContaining(problem))
})

test('checkBundles() sees what workerd refuses while a module is loaded', async () => {
  expect(await bundleProblems('export const a = crypto.randomUUID()')).toEqual([
    expect.stringContaining('workerd without'),
  ])
})

test('checkBundles() sees a bundle that has grown beyond its budget', async () => {
  const code = `export const a = '${'a'.repeat(1000)}'`
  expect(await bundleProblems(code, 2000)).toEqual([])
  expect(await bundleProblems(code, 1000)).toEqual([expect.stringContaining('1000 at most')])
})

test('checkBundles() weighs what is imported together, and nothing else', async () => {
  using tree = installed(`export const a = ${JSON.stringify(randomText(2000))}; export const b = 1`)
  const problemsOf = (name: string): Promise<string[]> =>
    checkBundles(
      root,
      tree.root,
      [],
      [
        {
          name,
          imports: { [door.subpath]: [name] },
          budgetGzipBytes: 1000,
          budgetFirstGzipBytes: 3000,
        },
      ],
    )
  expect(await problemsOf('a')).toEqual([expect.stringContaining('1000 at most')])
  expect(await problemsOf('b')).toEqual([])
  expect(await problemsOf('c')).toEqual([expect.stringContaining('Cannot bundle c')])
})

test('checkBundles() weighs what is loaded first apart from what is loaded late', async () => {
  const late = `export const late = ${JSON.stringify(randomText(2000))}`
  using tree = installed("export const a = () => import('./late.js')")
  writeFileSync(join(tree.root, 'node_modules/@white-cross/reuse/late.js'), late)
  const problemsOf = (whole: number, first: number): Promise<string[]> =>
    checkBundles(
      root,
      tree.root,
      [],
      [
        {
          name: 'a',
          imports: { [door.subpath]: ['a'] },
          budgetGzipBytes: whole,
          budgetFirstGzipBytes: first,
        },
      ],
    )
  expect(await problemsOf(3000, 300)).toEqual([])
  expect(await problemsOf(2000, 300)).toEqual([expect.stringContaining('2000 at most')])
  expect(await problemsOf(3000, 30)).toEqual([expect.stringContaining('first loads')])
})

test('checkDeclarations() is content with declarations that stand alone', async () => {
  const declaration = 'export declare function a(b: Uint8Array, c: Request): Promise<Response>'
  expect(await declarationProblems(declaration)).toEqual([])
})

test('checkDeclarations() refuses types that no user of the package has', async () => {
  const problems = await declarationProblems('export declare const a: NodeJS.Timeout')
  expect(problems).toContainEqual(expect.stringContaining('browser-like user cannot compile'))
})

test.each([
  ["console.log(refuse ? process.argv[2] : '1.2.3'); process.exitCode = refuse ? 2 : 0", []],
  ["console.log('1.2.2')", ['cross --version says', 'cross does not refuse an option']],
  ["import 'absent'", ['cross --version says', 'cross does not refuse an option']],
])('checkProgram() starts the program %j', async (code, problems) => {
  const home = 'node_modules/@white-cross/reuse'
  using tree = createTemporaryTree({
    [`${home}/package.json`]:
      '{ "version": "1.2.3", "type": "module", "bin": { "cross": "./a.js" } }',
    [`${home}/a.js`]: `const refuse = process.argv[2] !== '--version'; ${code}`,
  })
  const found = await checkProgram(tree.root)
  expect(found).toEqual(problems.map((problem): unknown => expect.stringContaining(problem)))
})
