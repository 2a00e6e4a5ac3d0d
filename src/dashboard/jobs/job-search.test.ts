import { expect, test } from 'vitest'
import { watchCalls } from '../../../test/support/watch-calls.ts'
import {
  BASE,
  openDashboardFixture,
  type DashboardFixture,
} from '../../../test/support/dashboard-fixture.ts'
import { memory } from '../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'

const sure = { sure: 'yes' }

/** The ids of the jobs that a page of the queue lists. */
async function listed(get: DashboardFixture['get'], query: string): Promise<readonly string[]> {
  const { status, text } = await get(`/jobs/emails?${query}`)
  expect(status).toBe(200)
  return [...text.matchAll(/class="sub mono">([^<]+)</g)].map(([, id = '']) => id).toSorted()
}

async function openWithTags() {
  const fixture = await openDashboardFixture()
  const { queue, clock } = fixture
  const add = (jobId: string, name: string, tags: readonly string[]): Promise<unknown> =>
    queue.add(name, { to: 'ada' }, { jobId, tags })
  await add('a-1', 'broken', ['customer:8'])
  await add('a-2', 'broken', ['customer:8', 'big'])
  await queue.drain()
  await clock.advance(3_600_000)
  await add('b-1', 'welcome', ['customer:9'])
  return fixture
}

test('jobs are found by tag, kind, the beginning of their id, state and time', async () => {
  const { get, clock, ids } = await openWithTags()
  expect(await listed(get, 'tag=customer:8')).toEqual(['a-1', 'a-2'])
  expect(await listed(get, 'tag=customer:8&state=ready')).toEqual([])
  expect(await listed(get, 'id=a-&name=broken&state=dead')).toEqual(['a-1', 'a-2'])
  expect(await listed(get, `id=${ids.later}`)).toEqual([ids.later])
  expect(await listed(get, 'hours=1&name=welcome&state=ready')).toEqual(['b-1'])
  const from = new Date(clock.now() - 60_000).toISOString().slice(0, 16)
  expect(await listed(get, `from=${from}`)).toEqual(['b-1'])
  expect(await listed(get, `to=${from}&tag=big`)).toEqual(['a-2'])
  const none = await get('/jobs/emails?tag=nobody')
  expect(none.text).toContain('No job matches')
  expect(none.text).not.toContain('all matching')
  expect((await get(`/jobs/emails?tag=${'x'.repeat(100)}`)).status).toBe(422)
})

test('all that match are retried once it is said how many, and that is on record', async () => {
  const { get, post, queue, audit } = await openWithTags()
  expect((await get('/jobs/emails?tag=customer:8')).text).toContain('Retry all matching')
  const path = '/jobs/emails/all/retry'
  const asked = await post(path, { tag: 'customer:8' })
  expect(asked.text).toContain('Retry 2 jobs?')
  expect(asked.text).toContain('name="tag" value="customer:8"')
  expect((await queue.counts()).dead).toBe(3)
  const done = await post(path, { tag: 'customer:8', ...sure })
  const location = (done.headers.get('location') ?? '').slice(BASE.length)
  expect(location).toBe('/jobs/emails?tag=customer%3A8&done=jobs.retry-all&count=2')
  expect((await get(location)).text).toContain('To run again: 2 jobs.')
  expect((await queue.counts()).dead).toBe(1)
  const [entry] = await Array.fromAsync(audit.entries())
  expect(entry).toMatchObject({
    ...{ action: 'dashboard.jobs.retry-all', outcome: 'success', detail: { count: 2 } },
    target: 'queue/emails/tag=customer:8',
  })
})

test('all that match are run now, cancelled, and removed by administrators alone', async () => {
  const { get, post, queue, ids } = await openWithTags()
  const tagged = { tag: 'customer:7' }
  expect((await post('/jobs/emails/all/promote', tagged)).text).toContain('Run now 1 job?')
  await post('/jobs/emails/all/promote', { ...tagged, ...sure })
  expect((await queue.get(ids.later))?.state).toBe('ready')
  await post('/jobs/emails/all/cancel', { ...tagged, ...sure })
  expect((await queue.get(ids.later))?.state).toBe('cancelled')
  const operator = await get('/jobs/emails?tag=customer:7', 'operator')
  expect(operator.text).not.toContain('Remove all matching')
  expect((await post('/jobs/emails/all/remove', tagged, 'operator')).status).toBe(403)
  await post('/jobs/emails/all/remove', { ...tagged, ...sure })
  expect(await queue.get(ids.later)).toBeNull()
  expect((await get('/jobs/emails?tag=customer:7', 'reader')).text).not.toContain('all matching')
})

test('a page of a search costs three calls of the store at most, however many jobs there are', async () => {
  const { backend, calls } = watchCalls(memory({ clock: createFakeClock() }))
  const { get, queue, signIn } = await openDashboardFixture({ given: backend })
  for (let batch = 0; batch < 5; batch++)
    await queue.addBulk(
      Array.from({ length: 1000 }, (_, index) => ({
        ...{ name: 'welcome', data: null },
        options: { jobId: `${batch}-${index}`, tags: index % 20 === 0 ? ['some'] : [] },
      })),
    )
  await signIn('admin')
  const cost = async (query: string): Promise<readonly [number, string]> => {
    calls.length = 0
    const { text } = await get(`/jobs/emails?${query}`)
    return [calls.length, text]
  }
  expect((await cost('tag=some'))[0]).toBe(1)
  expect((await cost('id=4-9'))[0]).toBeLessThanOrEqual(3)
  const [count, text] = await cost('name=nothing')
  expect(count).toBe(3)
  expect(text).toContain('None of those looked at so far matches')
  const next = /href="(\?[^"]*cursor=[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const [nextCount, end] = await cost(next.slice(1))
  expect(nextCount).toBeLessThanOrEqual(3)
  expect(end).toContain('No job matches')
})
