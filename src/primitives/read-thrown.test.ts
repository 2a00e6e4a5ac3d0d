import { expect, test } from 'vitest'
import { ODD_VALUES } from '../../test/support/odd-values.ts'
import { isInstance, readThrown } from './read-thrown.ts'

test.each(ODD_VALUES)('readThrown() reads %s', (_name, value) => {
  const { name, code, message, stack, retryAfterMs, retryable } = readThrown(value)
  expect(name).toMatch(/^.{1,100}$/)
  expect(code === null || typeof code === 'string').toBe(true)
  expect(message).toBeTypeOf('string')
  expect(message.isWellFormed()).toBe(true)
  expect(stack === null || typeof stack === 'string').toBe(true)
  expect([retryAfterMs, retryable]).toEqual([null, null])
})

test.each(ODD_VALUES)('isInstance() answers about %s', (_name, value) => {
  expect(isInstance(value, RangeError)).toBe(false)
})

test('readThrown() reads what an error says', () => {
  const error = Object.assign(new RangeError('boom'), {
    code: 'out_of_range',
    retryAfterMs: 5,
    retryable: false,
  })
  expect(readThrown(error)).toEqual({
    name: 'RangeError',
    code: 'out_of_range',
    message: 'boom',
    stack: error.stack,
    retryAfterMs: 5,
    retryable: false,
  })
  expect(isInstance(error, RangeError)).toBe(true)
  expect(readThrown('boom')).toMatchObject({ name: 'Error', code: null, message: 'boom' })
})
