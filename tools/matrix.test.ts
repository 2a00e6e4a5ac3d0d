import { expect, test } from 'vitest'
import type { CaseResult } from '../test/conformance/run-suites.ts'
import { leftOut, textMatrix, totalsOf, withMatrix } from './matrix.ts'

const law = { subject: 'Store', adapter: 'memory', name: 'holds', outcome: 'passed' } as const

const results: readonly CaseResult[] = [
  { ...law, runtime: 'node' },
  { ...law, runtime: 'node', outcome: 'skipped', detail: 'listen: no timers' },
  { ...law, runtime: 'bun', outcome: 'skipped', detail: 'listen: no timers' },
  { ...law, runtime: 'workerd' },
  { ...law, runtime: 'workerd', adapter: 'redis', outcome: 'failed', detail: 'broken' },
]

test('totalsOf() counts by outcome', () => {
  expect(totalsOf(results)).toEqual({ passed: 2, failed: 1, skipped: 2 })
})

test('textMatrix() shows counts, failures, and what was skipped and why', () => {
  expect(textMatrix(results).split('\n')).toEqual([
    'subject  adapter  node           deno  bun            workerd',
    'Store    memory   1 (1 skipped)  -     0 (1 skipped)  1',
    'Store    redis    -              -     -              1 FAILED 0',
    'skipped: Store on memory: listen: no timers (node, bun)',
    '',
    'FAIL workerd: Store redis holds',
    'broken',
  ])
})

test('leftOut() tells of what ran nowhere, and not of single cases', () => {
  expect(leftOut(results)).toEqual([])
  const absent = { ...law, adapter: 'ceph', outcome: 'skipped', detail: 'not here' } as const
  expect(leftOut([...results, { ...absent, runtime: 'node' }])).toEqual([
    'Store on ceph: not here (node)',
  ])
})

test('withMatrix() replaces the block between the marks, and only that', () => {
  const readme = '# A\n\n<!-- matrix: written by npm run matrix -->\nold\n<!-- /matrix -->\n\nend\n'
  const written = withMatrix(readme, results) ?? ''
  expect(written).toContain('| Store   | memory  | ✓ in part |      |     | ✓       |')
  expect(written).toContain('| Store   | redis   |           |      |     | ✗       |')
  expect(written).toContain('- Store on memory: listen: no timers (node, bun)')
  expect(written.startsWith('# A\n\n<!-- matrix')).toBe(true)
  expect(written.endsWith('<!-- /matrix -->\n\nend\n')).toBe(true)
  expect(withMatrix(written, results)).toBe(written)
})

test('withMatrix() has no place in a page without the marks', () => {
  expect(withMatrix('# A\n', results)).toBe(undefined)
})
