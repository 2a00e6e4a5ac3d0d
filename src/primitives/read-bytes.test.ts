import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBytes } from './read-bytes.ts'

test('readBytes() gives all bytes back, however they are cut, up to its limit', async () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(chunks, async (given) => {
      const all = new Uint8Array(Buffer.concat(given))
      expect(await readBytes(streamOf(given), all.length)).toEqual(all)
      if (all.length > 0) expect(await readBytes(streamOf(given), all.length - 1)).toBeNull()
    }),
  )
})

test('readBytes() cancels what is too long, and fails as the stream or the signal does', async () => {
  let reason: unknown = 'not cancelled'
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => void (reason = 'cancelled'),
  })
  expect(await readBytes(endless, 25)).toBeNull()
  expect(reason).toBe('cancelled')

  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('reset')),
  })
  await expect(readBytes(broken, 25)).rejects.toThrow('reset')

  const stop = new AbortController()
  const stuck = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) })
  const reading = readBytes(stuck, 25, stop.signal)
  stop.abort(new Error('too late'))
  await expect(reading).rejects.toThrow('too late')
  await expect(readBytes(streamOf([]), 25, stop.signal)).rejects.toThrow('too late')
})

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}
