import { expect, test } from 'vitest'
import { createTemporaryTree } from '../test/support/temporary-tree.ts'
import { checkErrors } from './check-errors.ts'

const BASE = {
  'src/infrastructure-error.ts': 'export abstract class InfrastructureError extends Error {}\n',
  'src/lock-error.ts':
    "export type LockErrorCode = 'held'\nexport class LockError extends InfrastructureError<LockErrorCode> {}\n",
  'src/lock.ts':
    "import { LockError } from './lock-error.ts'\nexport const lock = () => { throw new LockError('held') }\n",
}

function problemsOf(files: Readonly<Record<string, string>>): string[] {
  using tree = createTemporaryTree({ ...BASE, ...files })
  return checkErrors(tree.root, [{ subpath: './infrastructure/a', source: 'src/index.ts' }])
}

test('checkErrors() wants each error, its codes and the base where the code behind a door throws it', () => {
  expect(problemsOf({ 'src/index.ts': "export { lock } from './lock.ts'\n" })).toEqual(
    ['LockError', 'LockErrorCode', 'InfrastructureError'].map(
      (name) => `src/index.ts does not export ${name}, which the code behind it throws`,
    ),
  )
  expect(
    problemsOf({
      'src/index.ts':
        "export { lock } from './lock.ts'\nexport { LockError, type LockErrorCode } from './lock-error.ts'\nexport { InfrastructureError } from './infrastructure-error.ts'\n",
    }),
  ).toEqual([])
})

test('checkErrors() does not count what is imported for its type alone', () => {
  const files = { 'src/index.ts': "export type { lock } from './lock.ts'\n" }
  expect(problemsOf(files)).toEqual([])
})

test('checkErrors() wants one class in a file of its name, on the base that all have', () => {
  const files = {
    'src/index.ts': 'export const a = 1\n',
    'src/errors.ts': 'export class BadError extends RangeError {}\n',
  }
  expect(problemsOf(files)).toEqual([
    'src/errors.ts declares BadError, a file bad-error.ts expected',
    'src/errors.ts declares BadError, which extends RangeError: InfrastructureError expected',
  ])
})
