import type { AtomicStore } from '../../../src/runtime/ports/atomic-store/atomic-store.ts'
import type { Backend } from '../../../src/runtime/ports/backend.ts'
import type { Clock } from '../../../src/runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../src/runtime/ports/platform/random-source.ts'
import type { FakeClock } from '../../../src/testing/fake-clock.ts'
import { createSeededRandom } from '../../../src/testing/seeded-random.ts'
import { watchStore, type WatchedStore } from '../../support/watched-store.ts'

/** A backend to coordinate on, with the clock of the processes beside it; `advance` moves both. */
export interface CoordinationHarness {
  /** Opens an empty backend. */
  open(): Promise<Pick<Backend, 'store' | 'jobStore'>>
  readonly clock: FakeClock
  /** What the store's clock says, where that is a server's of its own. */
  readonly storeNow?: () => number
  advance(ms: number): Promise<void>
}

/** One process of a law: its own way to the shared store. */
export interface Process {
  readonly backend: { readonly store: WatchedStore }
  readonly clock: Clock
  readonly random: RandomSource
}

/** What a law runs in. */
export interface Fixture {
  readonly backend: Pick<Backend, 'store' | 'jobStore'>
  readonly clock: FakeClock
  process(): Process
  /** Lets the clocks advance in steps, and everything that this wakes come to rest in between. */
  advance(ms: number, stepMs?: number): Promise<void>
  /** Lets the clocks advance until `work` has settled. */
  settle<Result>(work: Promise<Result>, stepMs?: number): Promise<Result>
  /** Deletes whatever the store holds in a family of partitions. */
  wipe(family: string): Promise<void>
}

/** @param seed Of every process's random source */
export async function openFixture(harness: CoordinationHarness, seed = 1): Promise<Fixture> {
  const backend = await harness.open()
  const { clock } = harness
  const processes: Process[] = []
  const quiet = async (): Promise<void> => {
    for (const { backend: own } of processes) await own.store.quiet()
  }
  const advance = async (ms: number, stepMs = ms): Promise<void> => {
    for (let left = ms; left > 0; left -= stepMs) {
      await quiet()
      await harness.advance(Math.min(stepMs, left))
      await quiet()
    }
  }
  return {
    backend,
    clock,
    process() {
      const made = {
        backend: { store: watchStore(backend.store) },
        clock,
        random: createSeededRandom(seed * 7919 + processes.length + 1),
      }
      processes.push(made)
      return made
    },
    advance,
    async settle(work, stepMs = 500) {
      let settled = false
      const done = (): void => {
        settled = true
      }
      work.then(done, done)
      for (let step = 0; ; step++) {
        await quiet()
        if (settled) return work
        if (step === 2000) throw new Error(`Not settled after ${step * stepMs} ms of the clock`)
        await harness.advance(stepMs)
      }
    },
    wipe: (family) => wipe(backend.store, family),
  }
}

/** Runs `check` for many seeds and says which one failed. */
export async function forSeeds(
  count: number,
  check: (seed: number) => Promise<void>,
): Promise<void> {
  for (let seed = 1; seed <= count; seed++) {
    try {
      await check(seed)
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      throw new Error(`With seed ${seed}: ${detail}`, { cause: error })
    }
  }
}

async function wipe(store: AtomicStore, family: string): Promise<void> {
  for (let shard = 0; shard < 16; shard++) {
    const partition = store.partition(`${family}:${shard}`)
    const { entries } = await partition.list({ limit: 100 })
    if (entries.length > 0) await partition.commit({ delete: entries.map(({ key }) => key) })
  }
}
