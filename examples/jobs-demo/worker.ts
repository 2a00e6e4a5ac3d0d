import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { demoQueue } from './queue.ts'

const backend = sqlite(process.argv[2] ?? '')
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
await demoQueue(backend).run({
  concurrency: 32,
  lease: 2000,
  maxWait: 200,
  signal: stop.signal,
})
backend.close()
