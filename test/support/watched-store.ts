import type {
  AtomicStore,
  StorePartition,
} from '../../src/runtime/ports/atomic-store/atomic-store.ts'
import { BackendError } from '../../src/runtime/ports/backend-error.ts'
import { nextTurn } from './next-turn.ts'

/** A store that is counted, waited for, and broken when told. */
export interface WatchedStore extends AtomicStore {
  /** Commits and reads sent so far. */
  readonly commits: number
  readonly reads: number
  /** Lets the `nth` commit from now fail, before or after it took effect; `dead`: and everything sent after it. */
  failCommit(nth: number, when: 'before' | 'after', dead: boolean): void
  /** Lets everything fail from now on, or no longer. */
  setDead(dead: boolean): void
  /** Resolves when nothing that was sent is unanswered and nobody has sent anything new. */
  quiet(): Promise<void>
}

/** Wraps a store for one process of a test; others wrap the same store for themselves. */
export function watchStore(store: AtomicStore): WatchedStore {
  let commits = 0
  let reads = 0
  let inFlight = 0
  let dead = false
  let fault: {
    readonly at: number
    readonly when: 'before' | 'after'
    readonly dead: boolean
  } | null = null

  async function watched<Result>(send: () => Promise<Result>): Promise<Result> {
    inFlight++
    try {
      return await send()
    } finally {
      inFlight--
    }
  }

  function unavailable(): BackendError {
    return new BackendError('backend_unavailable', 'The store was told to fail')
  }

  async function commitTo(
    partition: StorePartition,
    change: Parameters<StorePartition['commit']>[0],
  ): ReturnType<StorePartition['commit']> {
    commits++
    if (dead) throw unavailable()
    if (fault === null || fault.at !== commits) return partition.commit(change)
    const { when, dead: dies } = fault
    fault = null
    dead = dies
    if (when === 'after') await partition.commit(change)
    throw unavailable()
  }

  return {
    get commits() {
      return commits
    },
    get reads() {
      return reads
    },
    failCommit(nth, when, dies) {
      fault = { at: commits + nth, when, dead: dies }
    },
    setDead(value) {
      dead = value
    },
    async quiet() {
      for (let calm = 0; calm < 2; calm++) {
        await nextTurn(inFlight > 0)
        if (inFlight > 0) calm = -1
      }
    },
    partition(name) {
      const partition = store.partition(name)
      const read = async <Result>(send: () => Promise<Result>): Promise<Result> => {
        reads++
        if (dead) throw unavailable()
        return send()
      }
      return {
        get: (key) => watched(() => read(() => partition.get(key))),
        getMany: (keys) => watched(() => read(() => partition.getMany(keys))),
        list: (options) => watched(() => read(() => partition.list(options))),
        commit: (change) => watched(() => commitTo(partition, change)),
      }
    },
  }
}
