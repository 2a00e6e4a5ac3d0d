import { expect, test } from 'vitest'
import { memory } from '../backends/memory/index.ts'
import type { Json } from '../ports/json.ts'
import type { StoreEntry, StorePartition } from '../ports/atomic-store/atomic-store.ts'
import { changeEntry } from './change-entry.ts'

const KEY = 'count'

function addOne(entry: StoreEntry | null): {
  result: number
  write: { set: { key: string; value: Json }[] }
} {
  const next = Number(entry?.value ?? 0) + 1
  return { result: next, write: { set: [{ key: KEY, value: next }] } }
}

/** A partition that somebody else changes before each of the next `rivals` commits. */
function raced(partition: StorePartition, rivals: number): Pick<StorePartition, 'get' | 'commit'> {
  let left = rivals
  return {
    get: (key) => partition.get(key),
    async commit(change) {
      if (left-- > 0) await changeEntry(partition, KEY, addOne)
      return partition.commit(change)
    },
  }
}

test('changeEntry() loses no change of a hundred at once', async () => {
  const partition = memory().store.partition('p')
  const results = await Promise.all(
    Array.from({ length: 100 }, () => changeEntry(partition, KEY, addOne, { tries: 101 })),
  )
  expect(new Set(results).size).toBe(100)
  expect((await partition.get(KEY))?.value).toBe(100)
})

test('changeEntry() decides anew on what was written meanwhile, and gives up after its tries', async () => {
  const partition = memory().store.partition('p')
  expect(await changeEntry(raced(partition, 3), KEY, addOne)).toBe(4)
  await expect(changeEntry(raced(partition, 9), KEY, addOne, { tries: 2 })).rejects.toMatchObject({
    code: 'backend_overloaded',
    status: 503,
  })
  const contended = (): Error => new Error('busy')
  await expect(
    changeEntry(raced(partition, 9), KEY, addOne, { tries: 1, contended }),
  ).rejects.toThrow('busy')
})

test('changeEntry() reads again when another key was what had changed', async () => {
  const partition = memory().store.partition('p')
  await partition.commit({ set: [{ key: 'other', value: 1 }] })
  let reads = 0
  const result = await changeEntry(
    {
      get(key) {
        reads++
        return partition.get(key)
      },
      commit: (change) => partition.commit(change),
    },
    KEY,
    (entry) => {
      if (reads > 1) return { result: 'left' }
      const check = [{ key: 'other', version: null }]
      return { result: 'written', write: { ...addOne(entry).write, check } }
    },
  )
  expect([result, reads, await partition.get(KEY)]).toEqual(['left', 2, null])
})

test('changeEntry() writes nothing where nothing is to be written, and takes what was seen', async () => {
  const partition = memory().store.partition('p')
  const never = { get: () => Promise.reject(new Error('read')), commit: partition.commit }
  expect(await changeEntry(never, KEY, () => ({ result: 'kept' }), { seen: null })).toBe('kept')
})
