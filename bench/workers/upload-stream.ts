/**
 * Uploads a stream in a process of its own, and prints how long it took and what was live at most:
 * array buffers and the heap, seen after a full collection each time.
 */
const [name = '', port = '', bytes = '', concurrency = '', watch = ''] = process.argv.slice(2)
const MIB = 1_048_576
const PIECE_BYTES = 65_536
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'us-east-1' } as const
const endpoint = `http://127.0.0.1:${port}`

const uploads: Readonly<Record<string, (body: ReadableStream<Uint8Array>) => Promise<unknown>>> = {
  async reuse(body) {
    const { s3 } = await import('@white-cross/reuse/infrastructure/storage/s3')
    const store = s3({ ...keys, endpoint, signPayload: false }).bucket('b')
    await store.put('k', body, { concurrency: Number(concurrency) })
  },
  async s3mini(body) {
    const { S3mini } = await import('s3mini')
    await new S3mini({ ...keys, endpoint: `${endpoint}/b` }).putAnyObject('k', body)
  },
}

/** New memory for each piece, as a network has it. */
function source(length: number): ReadableStream<Uint8Array> {
  let left = length
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close()
      controller.enqueue(new Uint8Array(Math.min(PIECE_BYTES, left)).fill(left & 0xff))
      left -= PIECE_BYTES
    },
  })
}

const upload = uploads[name]
if (upload === undefined) throw new RangeError(`There is no contender ${name}`)
await upload(source(8 * MIB))
let most = 0
const look = (): void => {
  // Memory that the first finds is given back before the second.
  globalThis.gc?.()
  globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  most = Math.max(most, arrayBuffers + heapUsed)
}
const timer = watch === 'watch' ? setInterval(look, 20) : undefined
const startedAt = performance.now()
await upload(source(Number(bytes)))
const ms = performance.now() - startedAt
clearInterval(timer)
console.log(JSON.stringify({ ms, most: most / MIB }))
process.exit(0)
