import { expect, test } from 'vitest'
import { memory } from '../../backends/memory/index.ts'
import type { AtomicStore } from '../../ports/atomic-store/atomic-store.ts'
import { Semaphore } from './semaphore.ts'

test('acquire() reads the slots of its own key alone, however others begin', async () => {
  const { store } = memory()
  const listed: string[] = []
  const reading: AtomicStore = {
    partition(name) {
      const partition = store.partition(name)
      return {
        ...partition,
        list: async (options) => {
          const page = await partition.list(options)
          listed.push(...page.entries.map(({ key }) => key))
          return page
        },
      }
    },
  }
  const semaphore = new Semaphore({ backend: { store: reading }, limit: 2 })
  // Enough of them to share partitions with `a`.
  for (let index = 0; index < 100; index++) await semaphore.acquire(`a/${index}`)
  for (let slot = 0; slot < 2; slot++) await semaphore.acquire('a')
  listed.length = 0
  expect(await semaphore.acquire('a')).toBeNull()
  expect(listed.length).toBe(2)
})
