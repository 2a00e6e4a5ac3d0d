import { expect, test } from 'vitest'
import { readPhoneNumber } from './phone-number.ts'

test.each([
  ['+48123456789', '+48123456789'],
  ['+1 (415) 555-0100', '+14155550100'],
  ['+49 30.1234567', '+49301234567'],
])('readPhoneNumber() reads %j', (input, number) => {
  expect(readPhoneNumber('to', input)).toBe(number)
})

test.each([
  '48123456789',
  '+0123456789',
  '+12345',
  '+1234567890123456',
  '+48x123456789',
  '',
  null,
  48,
])('readPhoneNumber() refuses %j', (input) => {
  expect(() => readPhoneNumber('to', input)).toThrow('to is no telephone number')
})
