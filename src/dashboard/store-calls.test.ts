import { expect, test } from 'vitest'
import { watchCalls } from '../../test/support/watch-calls.ts'
import { openDashboardFixture } from '../../test/support/dashboard-fixture.ts'
import { memory } from '../runtime/backends/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'

test('a page costs few calls of the store, and no more with ten times the jobs', async () => {
  const counted: Record<string, number>[] = []
  for (const jobs of [10, 100]) {
    const { backend, calls } = watchCalls(memory({ clock: createFakeClock() }))
    const { get, queue, ids, signIn } = await openDashboardFixture({ given: backend })
    await queue.addBulk(Array.from({ length: jobs }, () => ({ name: 'broken', data: {} })))
    await queue.drain()
    await signIn('admin')
    const costs: Record<string, number> = {}
    for (const path of [
      ...['/jobs', '/jobs/emails?state=dead', `/jobs/emails/job/${ids.dead}`],
      ...['/jobs/emails/schedules', `/sagas/orders/${ids.saga}`, '/settings'],
    ]) {
      calls.length = 0
      expect((await get(path)).status).toBe(200)
      costs[path.replaceAll(/[0-9a-f]{20,}/g, 'id')] = calls.length
    }
    counted.push(costs)
  }
  expect(counted[0]).toEqual({
    '/jobs': 2,
    '/jobs/emails?state=dead': 2,
    '/jobs/emails/job/id': 2,
    '/jobs/emails/schedules': 1,
    '/sagas/orders/id': 1,
    '/settings': 0,
  })
  expect(counted[1]).toEqual(counted[0])
})
