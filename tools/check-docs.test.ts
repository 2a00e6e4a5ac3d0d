import { expect, test } from 'vitest'
import { createTemporaryTree } from '../test/support/temporary-tree.ts'
import { checkDocs } from './check-docs.ts'

function problemsOf(files: Readonly<Record<string, string>>): string[] {
  using tree = createTemporaryTree(files)
  return checkDocs(tree.root, [{ subpath: './infrastructure/a', source: 'src/index.ts' }])
}

test('checkDocs() is content where each name of a door is documented, however far away', () => {
  const files = {
    'src/index.ts':
      "export { renamed as a, type B } from './a.ts'\n/**\n * C.\n *\n * @example\n * new C()\n */\nexport class C {}\n",
    'src/a.ts': "export { a as renamed } from './deep/a.ts'\n\n/** B. */\nexport interface B {}\n",
    'src/deep/a.ts': '/** A. */\nexport const a = 1\n',
  }
  expect(problemsOf(files)).toEqual([])
})

test.for([
  ['no comment', 'export const a = 1'],
  ['a comment of one line', '// A.\nexport const a = 1'],
  ['a plain block comment', '/* A. */\nexport const a = 1'],
  ['the comment of another', '/** B. */\nconst b = 1\nexport const a = b'],
] as const)('checkDocs() refuses a name with %s', ([, text]) => {
  const files = { 'src/index.ts': "export { a } from './a.ts'\n", 'src/a.ts': text }
  expect(problemsOf(files)).toEqual(['src/a.ts exports a without a doc comment'])
})

test('checkDocs() refuses names of vendors', () => {
  expect(problemsOf({ 'src/index.ts': "export { Hono } from 'hono'\n" })).toEqual([
    'src/index.ts exports Hono of hono: vendors stay inside',
  ])
})

test('checkDocs() wants an example on each function and class, and one that can be read', () => {
  const of = (example: string): Readonly<Record<string, string>> => ({
    'src/index.ts': `/**\n * A.\n${example} */\nexport function a(): void {}\n`,
  })
  expect(problemsOf(of(' *\n * @example\n * a()\n'))).toEqual([])
  expect(problemsOf(of(''))).toEqual(['src/index.ts exports a without an @example'])
  expect(problemsOf(of(' *\n * @example\n * a(\n'))).toEqual([
    expect.stringContaining('src/index.ts has an example of a that cannot be read'),
  ])
})
