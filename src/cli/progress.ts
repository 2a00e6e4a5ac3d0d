import type { Clock } from '../runtime/ports/platform/clock.ts'
import type { TextOutput } from './output.ts'
import { printable } from './printable.ts'

/** A line that says how far something is, and is gone when it has ended. */
export interface Progress {
  /** @param total `null` where nobody knows */
  show(done: number, total: number | null): Promise<void>
  end(): Promise<void>
}

/** What is counted. */
export type ProgressUnit = 'bytes' | 'jobs' | 'deliveries' | 'keys'

const ERASE = '\r\u001b[2K'
const BAR_CHARS = 24
const PAUSE_MS = 100
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** @param stderr `null` where nobody watches: then nothing is written */
export function createProgress(
  stderr: TextOutput | null,
  clock: Clock,
  title: string,
  unit: ProgressUnit,
): Progress {
  if (stderr === null) return { show: async () => undefined, end: async () => undefined }
  let next = -Infinity
  return {
    async show(done, total) {
      const now = (clock.elapsed ?? clock.now)()
      // As often as an eye follows, and the last of it.
      if (now < next && done !== total) return
      next = now + PAUSE_MS
      await stderr.write(`${ERASE}${printable(title)}  ${shown(done, total, unit)}`)
    },
    end() {
      next = -Infinity
      return stderr.write(ERASE)
    },
  }
}

function shown(done: number, total: number | null, unit: ProgressUnit): string {
  const count = (value: number): string =>
    unit === 'bytes' ? shownBytes(value) : `${value.toLocaleString('en')} ${unit}`
  if (total === null) return count(done)
  const part = total === 0 ? 1 : Math.min(done / total, 1)
  const filled = Math.floor(part * BAR_CHARS)
  const bar = '#'.repeat(filled).padEnd(BAR_CHARS, '-')
  return `[${bar}] ${Math.floor(part * 100)} %  ${count(done)} of ${count(total)}`
}

/** `1.5 MB`: units of 1000. */
export function shownBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < BYTE_UNITS.length - 1; unit++) value /= 1000
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit] ?? ''}`
}
