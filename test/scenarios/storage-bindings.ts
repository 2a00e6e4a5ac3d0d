import { join } from 'node:path'
import { startLocalWorker } from '../support/local-worker.ts'

/** Runs the laws that need bindings of workerd (R2, Images) in a local Worker, and prints what they say. */
const worker = await startLocalWorker({
  config: join(import.meta.dirname, '../support/storage-worker/wrangler.toml'),
})
try {
  const only = encodeURIComponent(process.argv[2] ?? '')
  const response = await fetch(`${worker.url}/?only=${only}`)
  const lines = (await response.text()).split('\n').filter((line) => line !== '')
  for (const line of lines) console.log(line)
  if (!response.ok || lines.some((line) => line.includes('"outcome":"failed"')))
    process.exitCode = 1
} finally {
  await worker.stop()
}
