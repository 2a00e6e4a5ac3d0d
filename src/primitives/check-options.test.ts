import { expect, test } from 'vitest'
import { checkOptions, checkParts } from './check-options.ts'

interface Options {
  readonly queue: string
  readonly lease?: number
}

function check(options: unknown): void {
  checkOptions('work', options as Options, ['queue'], ['lease'])
}

test('checkOptions() takes options of known names, and undefined ones', () => {
  check({ queue: 'q' })
  check({ queue: 'q', lease: undefined })
  check(Object.create(null, { queue: { value: 'q', enumerable: true } }))
})

test.for([
  [undefined, 'Cannot work: the options are no object, one expected'],
  [null, 'Cannot work: the options are no object, one expected'],
  ['q', 'Cannot work: the options are no object, one expected'],
  [{}, 'Cannot work: queue is missing, one expected'],
  [{ queue: 'q', leaseMs: 1 }, 'Cannot work: option "leaseMs" is not known, queue, lease expected'],
] as const)('checkOptions() refuses %j', ([options, message]) => {
  expect(() => check(options)).toThrow(new TypeError(message))
})

test('checkParts() names the part that is missing', () => {
  checkParts('lock', 'backend', { store: 1 }, ['store'])
  for (const backend of [{}, undefined, null, 'redis://'] as { store: 1 }[])
    expect(() => checkParts('lock', 'backend', backend, ['store'])).toThrow(
      new TypeError('Cannot lock: backend has no store, one expected'),
    )
})
