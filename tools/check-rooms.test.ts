import { expect, test } from 'vitest'
import { createTemporaryTree } from '../test/support/temporary-tree.ts'
import { checkRooms } from './check-rooms.ts'
import { houseRules } from './rooms.ts'

const rules = { ...houseRules, lawless: {}, long: {} }

function problemsOf(files: Readonly<Record<string, string>>, given = rules): readonly string[] {
  using tree = createTemporaryTree(files)
  return checkRooms(tree.root, given).problems
}

/** What a file says that imports something which need not be there. */
const importing = (specifier: string): string =>
  `import { a } from '${specifier}'\nexport { a as b }\n`

test.for([
  ['src/primitives/a.ts', './b.ts'],
  ['src/runtime/ports/a.conformance.ts', './conformance.ts'],
  ['src/runtime/coordination/a.ts', '../ports/clock.ts'],
  ['src/runtime/redis/a.ts', '../timer/doorbell.ts'],
  ['src/runtime/durable-objects/a.ts', '../sqlite/store.ts'],
  ['src/runtime/durable-objects/a.ts', 'cloudflare:workers'],
  ['src/services/webhooks/a.ts', '../../runtime/coordination/lock.ts'],
  ['src/services/webhooks/hono.ts', 'hono/factory'],
  ['src/services/payments/providers/stripe.ts', './provider.ts'],
  ['src/services/payments/a.test.ts', 'vitest'],
  ['src/infrastructure.ts', './services/payments/index.ts'],
  ['examples/gateway/routes/events.ts', '../problem.ts'],
  ['tools/a.ts', '../src/runtime/ports/clock.ts'],
] as const)('%s may import %s', ([path, specifier]) => {
  const twin = path.includes('conformance') ? { 'src/runtime/ports/a.ts': 'export {}' } : {}
  expect(problemsOf({ [path]: importing(specifier), ...twin })).toEqual([])
})

test.for([
  ['src/primitives/a.ts', '../runtime/ports/clock.ts'],
  ['src/primitives/a.ts', 'node:crypto'],
  ['src/primitives/a.ts', '../../test/support/fake-clock.ts'],
  ['src/runtime/coordination/a.ts', '../memory/index.ts'],
  ['src/runtime/coordination/a.ts', '../../services/webhooks/index.ts'],
  ['src/runtime/redis/a.ts', '../sqlite/store.ts'],
  ['src/runtime/redis/a.ts', 'cloudflare:workers'],
  ['src/runtime/redis/a.ts', 'ioredis'],
  ['src/services/webhooks/a.ts', '../payments/index.ts'],
  ['src/services/webhooks/a.ts', '../../runtime/memory/index.ts'],
  ['src/services/webhooks/a.ts', 'hono'],
  ['src/services/payments/providers/stripe.ts', './paypal.ts'],
  ['src/services/payments/providers/stripe.ts', '../refund.ts'],
  ['examples/gateway/worker.ts', '../../src/infrastructure.ts'],
] as const)('%s may not import %s', ([path, specifier]) => {
  expect(problemsOf({ [path]: importing(specifier) })).toEqual([
    expect.stringContaining(`${path} imports ${specifier}`),
  ])
})

test.for([
  "export { a } from '../memory/index.ts'",
  "export type A = import('../memory/index.ts').A",
  "export const a = await import('../memory/index.ts')",
  "import '../memory/index.ts'",
])('checkRooms() sees %s', (text) => {
  expect(problemsOf({ 'src/runtime/coordination/a.ts': text })).toEqual([
    'src/runtime/coordination/a.ts imports ../memory/index.ts, which its room may not',
  ])
})

test('checkRooms() is not misled by comments and texts', () => {
  const text = "// import a from 'node:fs'\nexport const a = 'export * from b'\n"
  expect(problemsOf({ 'src/primitives/a.ts': text })).toEqual([])
})

test('checkRooms() refuses export *, empty names, other cases and files in no room', () => {
  expect(problemsOf({ 'src/primitives/a.ts': "export * from './b.ts'" })).toEqual([
    'src/primitives/a.ts exports everything of ./b.ts, name each export',
  ])
  expect(problemsOf({ 'test/utils/a.ts': '' })).toEqual([expect.stringContaining('"utils"')])
  expect(problemsOf({ 'src/primitives/lock-manager.ts': '' })).toEqual([
    expect.stringContaining('"manager"'),
  ])
  expect(problemsOf({ 'src/primitives/retryDelay.ts': '' })).toEqual([
    'src/primitives/retryDelay.ts is not in kebab case',
  ])
  expect(problemsOf({ 'src/elsewhere/a.ts': '' })).toEqual([
    'src/elsewhere/a.ts is in no room of tools/rooms.ts',
  ])
})

test("checkRooms() refuses the one way to the platform's clock that the linter cannot", () => {
  const text = 'export const a: number = new Date().getTime()\n'
  expect(problemsOf({ 'src/services/payments/a.ts': text })).toEqual([
    expect.stringContaining('new Date()'),
  ])
  expect(problemsOf({ 'src/services/payments/a.test.ts': text })).toEqual([])
})

test('checkRooms() wants a port beside its laws and laws beside a port, unless excused', () => {
  const port = { 'src/runtime/ports/a.ts': '' }
  const laws = { 'src/runtime/ports/a.conformance.ts': '' }
  expect(problemsOf({ ...port, ...laws })).toEqual([])
  expect(problemsOf(port)).toEqual([expect.stringContaining('a.ts stands without')])
  expect(problemsOf(laws)).toEqual([expect.stringContaining('a.conformance.ts stands without')])
  const excused = { ...rules, lawless: { 'src/runtime/ports/a.ts': 'a type' } }
  expect(problemsOf(port, excused)).toEqual([])
  expect(problemsOf({ ...port, ...laws }, excused)).toEqual([expect.stringContaining('has laws')])
  expect(problemsOf({}, excused)).toEqual([expect.stringContaining('which is absent')])
})

test('checkRooms() wants a reason for more than 500 lines, and none for fewer', () => {
  const long = { 'src/primitives/a.ts': '\n'.repeat(501) }
  const excused = { ...rules, long: { 'src/primitives/a.ts': 'a table' } }
  expect(problemsOf(long)).toEqual([expect.stringContaining('has 501 lines, at most 500')])
  expect(problemsOf(long, excused)).toEqual([])
  expect(problemsOf({ 'src/primitives/a.ts': '' }, excused)).toEqual([
    expect.stringContaining('needs no excuse'),
  ])
})

test('checkRooms() mentions files above 300 lines without refusing them', () => {
  using tree = createTemporaryTree({ 'src/primitives/a.ts': '\n'.repeat(301) })
  const { problems, long } = checkRooms(tree.root, rules)
  expect({ problems, long }).toEqual({ problems: [], long: ['src/primitives/a.ts has 301 lines'] })
})
