import type { Backend } from '../../src/runtime/ports/backend.ts'
import { BackendError } from '../../src/runtime/ports/backend-error.ts'
import type { BlobStore } from '../../src/services/storage/blobs/blob-store.ts'
import { StorageError } from '../../src/services/storage/storage-error.ts'

/** A process that dies at one of its writes, to its backend or to its store. */
export interface CrashingStorage {
  readonly backend: Pick<Backend, 'store'>
  readonly store: BlobStore
  readonly crashed: () => boolean
}

/**
 * @param crashAt The write at which the process dies, from 1
 * @param when Whether that write still takes effect, its answer being lost
 */
export function createCrashingStorage(
  backend: Pick<Backend, 'store'>,
  store: BlobStore,
  crashAt: number,
  when: 'before' | 'after',
): CrashingStorage {
  let writes = 0
  let dead = false
  const died = (): never => {
    throw new StorageError('failed', 'The process died', { mayHaveHappened: true })
  }
  async function read<Value>(act: () => Promise<Value>): Promise<Value> {
    return dead ? died() : act()
  }
  async function write<Value>(act: () => Promise<Value>): Promise<Value> {
    if (dead) return died()
    writes++
    if (writes !== crashAt) return act()
    dead = true
    if (when === 'after') await act()
    return died()
  }
  const { uploads } = store
  return {
    crashed: () => dead,
    backend: {
      store: {
        partition(name) {
          const partition = backend.store.partition(name)
          return {
            get: (key) => read(() => partition.get(key)),
            getMany: (keys) => read(() => partition.getMany(keys)),
            list: (options) => read(() => partition.list(options)),
            commit: (change) =>
              write(() => partition.commit(change)).catch((error: unknown) => {
                if (!(error instanceof StorageError)) throw error
                throw new BackendError('backend_failed', 'The process died')
              }),
          }
        },
      },
    },
    store: {
      ...store,
      put: (...args) => write(() => store.put(...args)),
      delete: (...args) => write(() => store.delete(...args)),
      deleteMany: (...args) => write(() => store.deleteMany(...args)),
      copy: (...args) => write(() => store.copy(...args)),
      move: (...args) => write(() => store.move(...args)),
      get: (key: string, options: object) => read(() => store.get(key, options)),
      head: (...args) => read(() => store.head(...args)),
      uploads: {
        create: (...args) => write(() => uploads.create(...args)),
        putPart: (...args) => write(() => uploads.putPart(...args)),
        parts: (...args) => read(() => uploads.parts(...args)),
        complete: (...args) => write(() => uploads.complete(...args)),
        presignPart: (...args) => read(() => uploads.presignPart(...args)),
        abort: (...args) => write(() => uploads.abort(...args)),
        sweep: (...args) => write(() => uploads.sweep(...args)),
      },
    },
  }
}
