import type { AtomicStore } from '../../ports/atomic-store/atomic-store.ts'
import {
  checkListOptions,
  checkPartitionName,
  checkStoreKey,
  checkStoreKeys,
  encodeStoreChange,
} from '../../ports/atomic-store/store-limits.ts'
import { toJsonText } from './json-text.ts'
import { checkMessage, type CallObject } from './object-caller.ts'

/**
 * An {@link AtomicStore} whose partitions are one Durable Object each, named `store:<partition>`.
 */
export function createDurableObjectAtomicStore(call: CallObject): AtomicStore {
  return {
    partition(name) {
      checkPartitionName(name)
      const object = `store:${name}`
      return {
        async get(key) {
          checkStoreKey(key)
          return call(object, (remote) => remote.getEntry(key))
        },
        async getMany(keys) {
          const text = toJsonText(checkStoreKeys(keys))
          return call(object, (remote) => remote.getEntries(text))
        },
        async list(options = {}) {
          checkListOptions(options)
          const text = toJsonText(options)
          return call(object, (remote) => remote.listEntries(text))
        },
        async commit(change) {
          encodeStoreChange(change)
          const text = checkMessage(toJsonText(change))
          return call(object, (remote) => remote.commitEntries(text))
        },
      }
    },
  }
}
