import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTemporaryTree, type TemporaryTree } from '../test/support/temporary-tree.ts'
import { checkExports, writeExports } from './check-exports.ts'

const door = {
  subpath: './infrastructure/webhooks',
  source: 'src/services/webhooks/index.ts',
} as const

const manifest = {
  name: '@white-cross/reuse',
  version: '1.2.3',
  license: 'MIT',
  dependencies: { croner: '11.0.1' },
}

function createTree(files: Readonly<Record<string, string>> = {}): TemporaryTree {
  const tree = createTemporaryTree({
    'package.json': JSON.stringify(manifest),
    'deno.json': '{ "lock": false }',
    [door.source]: "export { a } from './a.ts'\n",
    ...files,
  })
  writeExports(tree.root, [door])
  return tree
}

test('writeExports() writes what checkExports() wants, and keeps the rest', () => {
  using tree = createTree()
  expect(checkExports(tree.root, [door])).toEqual([])
  const read = (file: string): unknown => JSON.parse(readFileSync(join(tree.root, file), 'utf8'))
  expect(read('package.json')).toEqual({
    ...manifest,
    exports: {
      './infrastructure/webhooks': {
        'white-cross-source': './src/services/webhooks/index.ts',
        types: './dist/services/webhooks/index.d.ts',
        default: './dist/services/webhooks/index.js',
      },
      './package.json': './package.json',
    },
  })
  expect(read('deno.json')).toEqual({
    lock: false,
    name: '@white-cross/reuse',
    version: '1.2.3',
    license: 'MIT',
    exports: { './infrastructure/webhooks': './src/services/webhooks/index.ts' },
    imports: { croner: 'npm:croner@11.0.1' },
  })
})

test('checkExports() sees a manifest that differs from the table', () => {
  using tree = createTree()
  const second = { subpath: './infrastructure/storage', source: door.source }
  expect(checkExports(tree.root, [door, second])).toEqual([
    'package.json has another "exports" than it should: run npm run exports',
    'deno.json has another "exports" than it should: run npm run exports',
  ])
})

test.for([
  ['export * of a file', "export * from './a.ts'\n", 'exports *, a door names each export'],
  ['a default export', 'export default 1\n', 'exports default, a door names each export'],
  ['nothing', '\n', 'exports nothing'],
  ['too many lines', `export const a = 1\n${'\n'.repeat(200)}`, 'has 201 lines'],
] as const)('checkExports() refuses a door with %s', ([, text, problem]) => {
  using tree = createTree({ [door.source]: text })
  expect(checkExports(tree.root, [door])).toEqual([expect.stringContaining(problem)])
})

test('checkExports() refuses a door that is absent', () => {
  using tree = createTree()
  const absent = { ...door, source: 'src/absent/index.ts' }
  expect(checkExports(tree.root, [absent])).toContain(
    './infrastructure/webhooks leads to src/absent/index.ts, which is absent',
  )
})

test.for(['.', './infrastructure/*', './webhooks', './infrastructure/Web'])(
  'checkExports() refuses the subpath %s',
  (subpath) => {
    using tree = createTree()
    expect(checkExports(tree.root, [{ ...door, subpath }])).toContain(
      `${subpath} is not below ./infrastructure in kebab case`,
    )
  },
)

test.for([
  'src/services/storage/index.ts',
  'src/infrastructure.ts',
  'src/services/webhooks/hono.ts',
  'src/services/payments/providers/stripe.ts',
  'src/runtime/ports/a.conformance.ts',
])('checkExports() refuses %s without a place in the table', (path) => {
  using tree = createTree({ [path]: 'export const a = 1\n' })
  expect(checkExports(tree.root, [door])).toEqual([
    `${path} is a door by its place, but not in tools/doors.ts`,
  ])
})
