import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** What a process of the rig has done or seen, in the order in which it was written. */
export type RigNote = { readonly at: number; readonly pid: number } & RigFact

/** What is noted. `token` is the claim's, `fence` the saga's. */
export type RigFact =
  /** Adding has answered. */
  | {
      readonly what: 'added'
      readonly id: string
      readonly kind: string
      readonly unique?: string
      readonly children?: readonly string[]
    }
  | {
      readonly what: 'begun'
      readonly id: string
      readonly kind: string
      readonly token: number
      readonly key?: string
      readonly children?: readonly string[]
    }
  /** The handler is about to return or to throw. */
  | {
      readonly what: 'ended'
      readonly id: string
      readonly token: number
      readonly ok: boolean
    }
  | { readonly what: 'aborted'; readonly id: string; readonly token: number; readonly why: string }
  /** The job store has taken the outcome. */
  | { readonly what: 'settled'; readonly id: string; readonly token: number; readonly to: string }
  | {
      readonly what: 'step'
      readonly saga: string
      readonly step: string
      readonly phase: 'begins' | 'ends'
      readonly fence: number
      readonly key: string
    }
  | { readonly what: 'killed' }
  | { readonly what: 'stopped' }
  | { readonly what: 'continued' }
  | { readonly what: 'store-killed' }
  | { readonly what: 'store-started' }
  | { readonly what: 'clock'; readonly byMs: number }
  | { readonly what: 'error'; readonly message: string }

/** A file to which several processes append lines, which outlive them. */
export interface RigJournal {
  /** Written when this returns, whatever becomes of the process. */
  note(fact: RigFact, pid?: number): void
  close(): void
}

export function openJournal(path: string): RigJournal {
  const file = openSync(path, 'a')
  return {
    // One write of a whole line: the system appends it behind what others wrote.
    note: (fact, pid = process.pid) =>
      void writeSync(file, `${JSON.stringify({ at: machineMs(), pid, ...fact })}\n`),
    close: () => closeSync(file),
  }
}

export function readJournal(path: string): readonly RigNote[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  // Written by `note`; a line is there as a whole or not at all.
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RigNote)
}

/** Elapsed time that all processes of the machine share. */
function machineMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
