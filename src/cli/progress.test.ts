import { expect, test } from 'vitest'
import { createFakeClock } from '../testing/index.ts'
import { createProgress, shownBytes } from './progress.ts'

test('createProgress() writes one line again and again, and takes it away', async () => {
  const clock = createFakeClock()
  let text = ''
  const stderr = { write: async (more: string) => void (text += more) }
  const line = createProgress(stderr, clock, 'Storing a\u001b[31m', 'bytes')
  await line.show(500, 2000)
  await line.show(600, 2000)
  await clock.advance(100)
  await line.show(1000, 2000)
  await line.show(2000, 2000)
  await line.end()
  expect(text.split('\r\u001b[2K')).toEqual([
    '',
    'Storing a\uFFFD[31m  [######------------------] 25 %  500 B of 2.0 kB',
    'Storing a\uFFFD[31m  [############------------] 50 %  1.0 kB of 2.0 kB',
    'Storing a\uFFFD[31m  [########################] 100 %  2.0 kB of 2.0 kB',
    '',
  ])
})

test('createProgress() counts what has no end, and says nothing where nobody watches', async () => {
  const clock = createFakeClock()
  let text = ''
  await createProgress({ write: async (more) => void (text += more) }, clock, 'R', 'jobs').show(
    12_345,
    null,
  )
  expect(text).toBe('\r\u001b[2KR  12,345 jobs')
  await createProgress(null, clock, 'R', 'jobs').show(1, 2)
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [5e15, '5000.0 TB'],
])('shownBytes(%d) is %s', (bytes, text) => expect(shownBytes(bytes)).toBe(text))
