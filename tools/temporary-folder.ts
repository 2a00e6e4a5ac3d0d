import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
const ENOUGH_BYTES = 1_073_741_824

/**
 * Lets this process and all it starts put their temporary files into one folder, which is gone when this process ends, also
 * when it is interrupted. Where there is room it lies in memory: Durable Objects wait for the disk on each write.
 */
export function useTemporaryFolder(): void {
  const folder = mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), 'white-cross-'))
  process.env['TMPDIR'] = folder
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
}

function hasRoom(): boolean {
  if (!existsSync(MEMORY)) return false
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize >= ENOUGH_BYTES
}
