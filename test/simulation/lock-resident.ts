import { DistributedLock, LockError } from '../../src/runtime/coordination/index.ts'
import { createSeededRandom } from '../../src/testing/seeded-random.ts'
import type { Resident, ResidentParts } from './resident.ts'
import type { UnreliableProcess } from './unreliable-process.ts'

const TTL_MS = 10_000

/** One who holds the lock, as far as it knows. */
interface Holder {
  readonly process: UnreliableProcess
  readonly token: number
  readonly signal: AbortSignal
}

/** Clerks of every process, one of whom may be at the till. */
export function createLockResident(parts: ResidentParts): Resident {
  const { chance, tell, object, exactTime } = parts
  const tokens = new Set<number>()
  let holders: readonly Holder[] = []
  /** No holder from before can know that its lease is over. */
  let stillness = 0

  function come(holder: Holder): void {
    if (tokens.has(holder.token)) object(`no token twice, ${holder.token} was given before`)
    tokens.add(holder.token)
    if (holder.signal.aborted) return
    holders = holders.filter(({ process, signal }) => process.isAlive() && !signal.aborted)
    // The clock of a server goes on by itself, so that a lease may end some ms before its time.
    if (holders.length > 0 && exactTime)
      object(`one holder, not those of ${[...holders, holder].map(({ token }) => token).join()}`)
    holders = [...holders, holder]
    tell(`lock: held under ${holder.token}`)
  }

  return {
    work(process, { signal, seed }) {
      const lock = new DistributedLock({
        backend: process.backend,
        clock: process.clock,
        random: createSeededRandom(seed),
      })
      void (async () => {
        while (!signal.aborted) {
          await process.wait(chance.pick([500, 5000, 20_000]))
          const before = stillness
          const options = { ttl: TTL_MS, wait: chance.pick([0, 3000]) }
          await lock
            .withLock('till', options, async ({ token, signal: lost }) => {
              const holder = { process, token, signal: lost }
              if (before === stillness) come(holder)
              await process.wait(chance.pick([10, 2000, 25_000]))
              if (lost.aborted) tell('lock: it is lost')
              holders = holders.filter((other) => other !== holder)
            })
            .catch((error: unknown) => {
              if (error instanceof LockError) tell(`lock: ${error.code}`)
            })
        }
      })()
    },
    ask: async () => undefined,
    stoodStill() {
      stillness++
      holders = []
    },
    left: async () => 0,
    audit: async () => undefined,
  }
}
