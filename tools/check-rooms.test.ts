import { expect, test } from 'vitest'
import { createTemporaryTree } from '../test/support/temporary-tree.ts'
import { checkRooms } from './check-rooms.ts'
import { houseRules } from './rooms.ts'

const rules = { ...houseRules, long: {} }

function problemsOf(files: Readonly<Record<string, string>>, given = rules): readonly string[] {
  using tree = createTemporaryTree(files)
  return checkRooms(tree.root, given).problems
}

/** What a file says that imports something which need not be there. */
const importing = (specifier: string): string =>
  `import { a } from '${specifier}'\nexport { a as b }\n`

test.for([
  ['src/primitives/a.ts', './b.ts'],
  ['src/runtime/ports/a/a.conformance.ts', '../conformance.ts'],
  ['src/runtime/coordination/a.ts', '../ports/clock.ts'],
  ['src/runtime/backends/redis/a.ts', '../../workers/timer-waker.ts'],
  ['src/runtime/backends/durable-objects/a.ts', '../sqlite/atomic-store.ts'],
  ['src/runtime/backends/durable-objects/a.ts', 'cloudflare:workers'],
  ['src/services/webhooks/a.ts', '../../runtime/coordination/lock.ts'],
  ['src/services/webhooks/hono.ts', 'hono/factory'],
  ['src/services/payments/providers/stripe.ts', './provider.ts'],
  ['src/services/payments/a.test.ts', 'vitest'],
  ['src/infrastructure.ts', './services/payments/index.ts'],
  ['examples/gateway/routes/events.ts', '../problem.ts'],
  ['tools/a.ts', '../src/runtime/ports/clock.ts'],
] as const)('%s may import %s', ([path, specifier]) => {
  const twin = path.includes('conformance') ? { 'src/runtime/ports/a/a.ts': 'export {}' } : {}
  expect(problemsOf({ [path]: importing(specifier), ...twin })).toEqual([])
})

test.for([
  ['src/primitives/a.ts', '../runtime/ports/clock.ts'],
  ['src/primitives/a.ts', 'node:crypto'],
  ['src/primitives/a.ts', '../../test/support/fake-clock.ts'],
  ['src/runtime/coordination/a.ts', '../backends/memory/index.ts'],
  ['src/runtime/coordination/a.ts', '../../services/webhooks/index.ts'],
  ['src/runtime/backends/redis/a.ts', '../sqlite/store.ts'],
  ['src/runtime/backends/redis/a.ts', 'cloudflare:workers'],
  ['src/runtime/backends/redis/a.ts', 'ioredis'],
  ['src/services/webhooks/a.ts', '../payments/index.ts'],
  ['src/services/webhooks/a.ts', '../../runtime/backends/memory/index.ts'],
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
  "export { a } from '../backends/memory/index.ts'",
  "export type A = import('../backends/memory/index.ts').A",
  "export const a = await import('../backends/memory/index.ts')",
  "import '../backends/memory/index.ts'",
])('checkRooms() sees %s', (text) => {
  expect(problemsOf({ 'src/runtime/coordination/a.ts': text })).toEqual([
    'src/runtime/coordination/a.ts imports ../backends/memory/index.ts, which its room may not',
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

test('checkRooms() wants laws beside their port, and laws in every folder of the ports', () => {
  const port = { 'src/runtime/ports/a/a.ts': '' }
  const laws = { 'src/runtime/ports/a/a.conformance.ts': '' }
  expect(problemsOf({ ...port, ...laws })).toEqual([])
  expect(problemsOf(port)).toEqual([expect.stringContaining('a is a port without laws')])
  expect(problemsOf(laws)).toEqual([expect.stringContaining('a.conformance.ts stands without')])
})

test('checkRooms() lets an ordered folder import what stands below it, not what stands on it', () => {
  const folder = 'src/services/webhooks'
  const ordered = { ...rules, orders: { [folder]: ['events', 'endpoints'] } }
  const below = { [`${folder}/endpoints/a.ts`]: importing('../events/b.ts') }
  expect(problemsOf(below, ordered)).toEqual([])
  expect(problemsOf({ [`${folder}/index.ts`]: importing('./endpoints/a.ts') }, ordered)).toEqual([])
  expect(
    problemsOf({ [`${folder}/events/b.ts`]: importing('../endpoints/a.ts') }, ordered),
  ).toEqual([expect.stringContaining('b.ts imports ../endpoints/a.ts, which stands on it')])
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

test('checkRooms() wants each backend to have a file for each port, and one of its own name', () => {
  const backend = {
    'src/runtime/backends/disk/index.ts': importing('./disk.ts'),
    'src/runtime/backends/disk/atomic-store.ts': 'export {}',
    'src/runtime/backends/disk/job-store/job-store.ts': 'export {}',
  }
  expect(problemsOf(backend)).toEqual([
    'src/runtime/backends/disk has no rate-limit-store.ts, as every other there has',
    'src/runtime/backends/disk has no disk.ts, as every other there has',
  ])
})

test('checkRooms() counts the files that one leads to in its folder', () => {
  const files = {
    'src/runtime/backends/disk/a.ts': importing('./b.ts'),
    'src/runtime/backends/disk/b.ts': `${importing('./c.ts')}${importing('./a.ts')}`,
    'src/runtime/backends/disk/c.ts': importing('../../ports/clock.ts'),
  }
  const path = 'src/runtime/backends/disk/a.ts'
  expect(problemsOf(files, { ...rules, walks: { [path]: 3 } })).toEqual([])
  expect(problemsOf(files, { ...rules, walks: { [path]: 2 } })).toEqual([
    expect.stringContaining(`${path} leads through 3 files`),
  ])
})
