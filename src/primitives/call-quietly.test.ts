import { expect, test } from 'vitest'
import { callQuietly } from './call-quietly.ts'

test('callQuietly() hands on what is thrown or rejected, and throws nothing itself', async () => {
  const faults: unknown[] = []
  const note = (fault: unknown): void => void faults.push(String(fault))
  callQuietly(() => {
    throw new Error('1')
  }, note)
  callQuietly(async () => {
    throw new Error('2')
  }, note)
  // oxlint-disable-next-line unicorn/no-thenable -- what a listener answers may be one
  const thenable = Object.defineProperty({}, 'then', {
    get() {
      throw new Error('3')
    },
  })
  callQuietly(() => thenable, note)
  callQuietly(() => undefined, note)
  await new Promise((resolve) => setImmediate(resolve))
  expect(faults).toEqual(['Error: 1', 'Error: 2', 'Error: 3'])
})

test('callQuietly() survives a listener of faults that throws, and does without one', async () => {
  callQuietly(
    () => {
      throw new Error('1')
    },
    () => {
      throw new Error('2')
    },
  )
  callQuietly(async () => {
    throw new Error('3')
  })
  await new Promise((resolve) => setImmediate(resolve))
})
