import type { Json } from '../../ports/json.ts'

/**
 * Publishes the latest progress, one write at a time, so that a busy handler does not flood Redis.
 */
export interface ProgressWriter {
  /**
   * A write that fails is dropped: progress is no promise. `null` publishes nothing, since BullMQ
   * has no such progress.
   */
  write(value: Json): void
  /** Resolves when nothing is being written. */
  written(): Promise<void>
}

/** @param publish Writes one value */
export function createProgressWriter(
  publish: (value: string | number | boolean | object) => Promise<void>,
): ProgressWriter {
  let latest: Json = null
  let writing: Promise<void> | null = null

  async function writeLatest(): Promise<void> {
    while (latest !== null) {
      const value = latest
      latest = null
      try {
        await publish(value)
      } catch {
        // The job may be gone or its lock lost: the outcome will tell.
      }
    }
    writing = null
  }

  return {
    write(value) {
      if (value === null) return
      latest = value
      writing ??= writeLatest()
    },
    written: async () => void (await writing),
  }
}
