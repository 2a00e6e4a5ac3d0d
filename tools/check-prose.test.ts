import { expect, test } from 'vitest'
import { createTemporaryTree } from '../test/support/temporary-tree.ts'
import { checkProse } from './check-prose.ts'

function problemsOf(text: string): string[] {
  using tree = createTemporaryTree({ 'src/a.ts': text })
  return checkProse(tree.root)
}

const LONG = 'word '.repeat(25)

test('checkProse() refuses comments over 100 characters, wherever they stand', () => {
  expect(problemsOf(`// ${LONG}\n/**\n * Short.\n * ${LONG}\n */\nexport const a = 1\n`)).toEqual([
    'src/a.ts:1 has a comment of 128 characters, 100 at most',
    'src/a.ts:4 has a comment of 128 characters, 100 at most',
  ])
})

test('checkProse() lets code be, addresses that cannot be divided, and what tools read', () => {
  const address = `https://example.com/${'path/'.repeat(25)}`
  expect(
    problemsOf(
      `export const a = '${LONG}'\n// ${address}\n// oxlint-disable-next-line a -- ${LONG}\n`,
    ),
  ).toEqual([])
})

test('checkProse() refuses what nobody would say', () => {
  expect(problemsOf('// It waits for want of a runner.\nexport const a = 1\n')).toEqual([
    'src/a.ts:1 says for want of: say it plainly',
  ])
})
