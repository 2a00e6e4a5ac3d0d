import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

/** A redis-server of this benchmark's own, with an append-only file synced each second: BullMQ's recommended durability. */
export interface BenchRedis {
  readonly port: number
  stop(): Promise<void>
}

export async function startRedis(): Promise<BenchRedis> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'reuse-bench-'))
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
    '--dir',
    folder,
  ]
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const probe = new Redis({
    port,
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => (tries < 100 ? 50 : null),
  })
  await probe.ping()
  probe.disconnect()
  return {
    port,
    async stop() {
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      // A listening TCP server has an address of this form.
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
