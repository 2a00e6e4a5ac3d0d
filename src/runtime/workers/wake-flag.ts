import type { Clock } from '../ports/platform/clock.ts'

/**
 * Lets one loop wait until it is told; told while it is not waiting, it does not wait the next
 * time.
 */
export interface WakeFlag {
  open(): void
  /** Forgets that it was told, where what it was told of is about to be seen to. */
  close(): void
  /** Resolves when told, at the latest after `ms`. */
  wait(ms: number): Promise<void>
}

export function createWakeFlag(clock: Clock): WakeFlag {
  let opened = false
  let release: (() => void) | undefined
  return {
    open() {
      opened = true
      release?.()
    },
    close() {
      opened = false
    },
    async wait(ms) {
      if (!opened) {
        await new Promise<void>((resolve) => {
          const cancel = clock.setTimer(resolve, ms)
          release = () => {
            cancel()
            resolve()
          }
        })
      }
      release = undefined
      opened = false
    },
  }
}
