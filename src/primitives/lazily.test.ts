import { expect, test } from 'vitest'
import { lazily } from './lazily.ts'

test('lazily() makes a value once, when it is first asked for', () => {
  let made = 0
  const value = lazily(() => ({ number: ++made }))
  expect(made).toBe(0)
  expect(value()).toBe(value())
  expect(made).toBe(1)
})
