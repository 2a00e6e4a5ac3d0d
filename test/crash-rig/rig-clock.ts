import { openSync, readSync, writeFileSync } from 'node:fs'
import { systemClock, type Clock } from '../../src/runtime/ports/platform/clock.ts'

/** By how many ms the wall clock of all processes of the rig was set forward. */
export function setWallClock(path: string, aheadMs: number): void {
  writeFileSync(path, String(aheadMs).padEnd(BYTES), { flag: 'r+' })
}

export function createWallClockFile(path: string): void {
  writeFileSync(path, '0'.padEnd(BYTES))
}

/**
 * The platform's clock, with its wall clock set as the file says: for all processes at the same
 * moment, as on a machine.
 */
export function openSteppedClock(path: string): Clock {
  const file = openSync(path, 'r')
  const bytes = new Uint8Array(BYTES)
  return {
    ...systemClock,
    now() {
      readSync(file, bytes, 0, BYTES, 0)
      return systemClock.now() + Number(new TextDecoder().decode(bytes))
    },
  }
}

const BYTES = 16
