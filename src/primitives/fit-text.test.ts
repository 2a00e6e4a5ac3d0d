import { expect, test } from 'vitest'
import { fitText } from './fit-text.ts'

test('fitText() leaves what fits as it is', async () => {
  expect(await fitText('', 40)).toBe('')
  expect(await fitText('x'.repeat(40), 40)).toBe('x'.repeat(40))
})

test('fitText() keeps the beginning of what is too long, and tells its ends apart', async () => {
  const one = await fitText(`${'x'.repeat(300)}1`, 40)
  const other = await fitText(`${'x'.repeat(300)}2`, 40)
  expect(one).toMatch(/^x{7}~[0-9a-f]{32}$/)
  expect(other).not.toBe(one)
  expect(await fitText(`${'x'.repeat(300)}1`, 40)).toBe(one)
})

test('fitText() never ends in half a surrogate pair', async () => {
  const name = await fitText(`xxxxxx${'😀'.repeat(40)}`, 40)
  expect([name.isWellFormed(), name.length]).toEqual([true, 40])
})
