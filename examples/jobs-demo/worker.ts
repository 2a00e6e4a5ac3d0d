import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { demoQueue } from './queue.ts'

const backend = sqlite(process.argv[2] ?? '')
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
await demoQueue(backend).run({
  concurrency: 32,
  leaseMs: 2000,
  maxWaitMs: 200,
  signal: stop.signal,
})
backend.close()
