import fc from 'fast-check'
import { expect, test } from 'vitest'
import { equalBytes } from './equal-bytes.ts'

test('equalBytes() compares like Buffer, for all bytes, and looks at the view and not at what is behind it', () => {
  const short = fc.uint8Array({ maxLength: 4, max: 2 })
  fc.assert(
    fc.property(short, short, (a, b) => {
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
    }),
    { numRuns: 2000 },
  )
  const pool = new Uint8Array([1, 2, 3, 4])
  expect(equalBytes(pool.subarray(0, 2), pool.subarray(2))).toBe(false)
})
