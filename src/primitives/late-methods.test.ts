import { expect, test } from 'vitest'
import { keepLoaded, lateMethods } from './late-methods.ts'

interface Counter {
  add(by: number): Promise<number>
  read(): Promise<number>
}

test('lateMethods() loads with the first call of any method, once', async () => {
  let loads = 0
  const counter = lateMethods<Counter>({ add: true, read: true }, async () => {
    loads++
    let count = 0
    return { add: async (by) => (count += by), read: async () => count }
  })
  expect(loads).toBe(0)
  await counter.add(2)
  await counter.add(3)
  expect(await counter.read()).toBe(5)
  expect(loads).toBe(1)
})

test('lateMethods() rejects with what loading and a method throw, and loads again after a failure', async () => {
  let loads = 0
  const late = lateMethods<{ fail(): Promise<never> }>({ fail: true }, async () => {
    if (loads++ === 0) throw new Error('offline')
    return {
      fail(): Promise<never> {
        throw new Error('refused')
      },
    }
  })
  await expect(late.fail()).rejects.toThrow('offline')
  await expect(late.fail()).rejects.toThrow('refused')
  expect(loads).toBe(2)
})

test('keepLoaded() gives calls made at once the same object', async () => {
  const load = keepLoaded(async () => ({}))
  const [first, second] = await Promise.all([load(), load()])
  expect(first).toBe(second)
})
