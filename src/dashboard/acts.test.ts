import { expect, test } from 'vitest'
import { BASE, openDashboardFixture, ORIGIN } from '../../test/support/dashboard-fixture.ts'

const sure = { sure: 'yes' }

test('retrying a dead job asks nothing, is done, said and on record', async () => {
  const { post, get, queue, ids, audit } = await openDashboardFixture()
  const { status, headers } = await post(`/jobs/emails/job/${ids.dead}/retry`)
  expect(status).toBe(303)
  expect((await queue.get(ids.dead))?.state).toBe('ready')
  const location = headers.get('location') ?? ''
  expect((await get(location.slice(BASE.length))).text).toContain('It will run again.')
  const [entry] = await Array.fromAsync(audit.entries())
  expect([entry?.actor, entry?.action, entry?.target]).toEqual([
    ...['admin/Ada', 'dashboard.jobs.retry', `queue/emails/job/${ids.dead}`],
  ])
  // Again it changes nothing, and says so.
  const again = await post(`/jobs/emails/job/${ids.dead}/retry`)
  expect((await get((again.headers.get('location') ?? '').slice(BASE.length))).text).toContain(
    'Nothing was changed',
  )
})

test('redriving shows how many it is about, and does it once it is sure', async () => {
  const { post, queue } = await openDashboardFixture()
  await queue.addBulk(Array.from({ length: 3 }, () => ({ name: 'broken', data: {} })))
  await queue.drain()
  const asked = await post('/jobs/emails/redrive')
  expect(asked.text).toContain('Retry 4 dead jobs?')
  expect((await queue.counts()).dead).toBe(4)
  expect((await post('/jobs/emails/redrive', sure)).headers.get('location')).toContain('count=4')
  expect(await queue.counts()).toMatchObject({ dead: 0, ready: 4 })
})

test('what a job carries is hidden until somebody asks, who is then on record', async () => {
  const { get, post, ids, audit } = await openDashboardFixture({ text: 'ada@example.org' })
  const path = `/jobs/emails/job/${ids.done}`
  const hidden = await get(path)
  expect(hidden.text).not.toContain('ada@example.org&quot;')
  expect(hidden.text).toMatch(/\d+ B in to/)
  const shown = await post(`${path}/reveal`, {}, 'operator')
  expect(shown.text).toContain('&quot;to&quot;: &quot;ada@example.org&quot;')
  const entries = await Array.fromAsync(audit.entries())
  expect(entries.map(({ action }) => action)).toEqual(['dashboard.jobs.reveal'])
  // An error is a line for everybody, without what is about people.
  expect((await get(`/jobs/emails/job/${ids.dead}`)).text).toContain('No such template: [EMAIL]')
})

test('a form without the token of its session, or of another one, changes nothing', async () => {
  const { dashboard, signIn, get, queue, ids } = await openDashboardFixture()
  const cookie = await signIn('admin')
  const other = /name="token" value="([\w-]+)"/.exec((await get('/settings', 'reader')).text)?.[1]
  const own = /name="token" value="([\w-]+)"/.exec((await get('/settings')).text)?.[1] ?? ''
  const send = (token: string, headers: Record<string, string> = {}): Promise<Response> =>
    dashboard.fetch(
      new Request(`${ORIGIN}${BASE}/jobs/emails/job/${ids.dead}/retry`, {
        method: 'POST',
        headers: { cookie, ...headers },
        body: new URLSearchParams({ token, sure: 'yes' }),
      }),
    )
  for (const token of ['', 'x', other ?? '', own.slice(1), `${own}x`])
    expect((await send(token)).status).toBe(403)
  expect((await send(own, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect((await send(own, { 'sec-fetch-site': 'same-site' })).status).toBe(403)
  expect((await send(own, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await queue.get(ids.dead))?.state).toBe('dead')
  expect((await send(own, { origin: ORIGIN, host: 'app.example' })).status).toBe(303)
})

test('a form that is too long or no form is not read', async () => {
  const { dashboard, signIn } = await openDashboardFixture()
  const cookie = await signIn('admin')
  const send = async (body: BodyInit, type: string): Promise<number> =>
    (
      await dashboard.fetch(
        new Request(`${ORIGIN}${BASE}/jobs/emails/pause`, {
          method: 'POST',
          headers: { cookie, 'content-type': type },
          body,
        }),
      )
    ).status
  expect(await send('x'.repeat(70_000), 'application/x-www-form-urlencoded')).toBe(413)
  expect(await send('{}', 'application/json')).toBe(413)
})

test('a stuck saga is skipped with a reason, and only with one', async () => {
  const { post, get, ids, services } = await openDashboardFixture()
  const path = `/sagas/orders/${ids.saga}`
  expect((await post(`${path}/skip`, { reason: ' ' })).status).toBe(422)
  const asked = await post(`${path}/skip`, { reason: 'shipped by hand' })
  expect(asked.text).toContain('name="reason" value="shipped by hand"')
  await post(`${path}/skip`, { reason: 'shipped by hand', ...sure })
  expect((await get(path)).text).toContain('Skipped: shipped by hand')
  expect(await services.sagas?.[0]?.listStuck()).toEqual([])
})

test('a delivery is sent again, and many are counted first', async () => {
  const { post, ids, services, drain } = await openDashboardFixture()
  const counted = await post('/webhooks/replay', { state: 'dead', hours: '24' })
  expect(counted.text).toContain('Send 1 delivery again?')
  await post(`/webhooks/deliveries/${encodeURIComponent(ids.delivery)}/resend`)
  await drain()
  expect(await services.webhooks?.deliveries.get(ids.delivery)).toMatchObject({ round: 1 })
})

test('deliveries are listed and sent again by type, endpoint, state and time', async () => {
  const { get, post, clock, ids } = await openDashboardFixture()
  const listed = async (query: string): Promise<readonly string[]> => {
    const { status, text } = await get(`/webhooks/deliveries?${query}`)
    expect(status).toBe(200)
    return [...text.matchAll(/class="sub mono">(evt_\d)</g)].map(([, id = '']) => id).toSorted()
  }
  const minute = (at: number): string => new Date(at).toISOString().slice(0, 16)
  await clock.advance(120_000)
  const [before, now] = [minute(clock.now() - 3_600_000), minute(clock.now())]
  expect(await listed('type=order.paid')).toEqual(['evt_1', 'evt_2'])
  expect(await listed(`type=order.paid&state=dead&endpoint=${ids.endpoint}`)).toEqual(['evt_1'])
  expect(await listed('type=order.sent')).toEqual([])
  expect(await listed(`from=${before}&to=${now}`)).toEqual(['evt_1', 'evt_2'])
  expect(await listed(`from=${now}`)).toEqual([])
  expect(await listed(`to=${before}`)).toEqual([])
  const replay = async (fields: Record<string, string>): Promise<string> =>
    (await post('/webhooks/replay', fields)).text
  expect(await replay({ state: 'dead', to: now })).toContain('Send 1 delivery again?')
  expect(await replay({ state: 'dead', to: before })).toContain('Send 0 deliveries again?')
})

test('a new secret is shown once, to an administrator alone', async () => {
  const { post, ids } = await openDashboardFixture()
  const path = `/webhooks/endpoints/${ids.endpoint}/rotate`
  expect((await post(path, sure, 'operator')).status).toBe(403)
  expect((await post(path)).text).not.toContain('whsec_')
  expect((await post(path, sure)).text).toMatch(/whsec_[\w+/=]{20,}/)
})

test('an act that fails is on record as that', async () => {
  const { post, audit, ids } = await openDashboardFixture()
  const answer = await post(`/payments/${ids.payment}/refund`, { amount: '999.00', ...sure })
  expect(answer.status).toBe(409)
  const entries = await Array.fromAsync(audit.entries())
  expect(entries.map(({ action, outcome }) => [action, outcome])).toEqual([
    ['dashboard.payments.refund', 'failure'],
  ])
})

test('a refund that is sent twice from one page is one', async () => {
  const { post, ids, services } = await openDashboardFixture()
  const fields = { amount: '10.00', once: '0', ...sure }
  for (const _ of [1, 2]) await post(`/payments/${ids.payment}/refund`, fields)
  expect(await services.payments?.listRefunds(ids.payment)).toHaveLength(1)
})

test('an endpoint and a delivery of another tenant are not there', async () => {
  const fixture = await openDashboardFixture()
  const { services, post, get } = fixture
  const foreign = await services.webhooks?.endpoints.create({
    ...{ url: 'https://r.example.com/', tenant: 'other' },
  })
  expect((await get(`/webhooks/endpoints/${foreign?.id}`)).status).toBe(404)
  expect((await post(`/webhooks/endpoints/${foreign?.id}/delete`, sure)).status).toBe(404)
  expect(await services.webhooks?.endpoints.get(foreign?.id ?? '')).not.toBe(null)
})

test('an upload in pieces goes on where it was', async () => {
  const { dashboard, signIn, get, services } = await openDashboardFixture()
  const cookie = await signIn('operator')
  const token = /data-token="([\w-]+)"/.exec((await get('/storage', 'operator')).text)?.[1] ?? ''
  const ask = async (method: string, path: string, body?: BodyInit) => {
    const answer = await dashboard.fetch(
      new Request(`${ORIGIN}${BASE}/storage/uploads${path}`, {
        ...{ method, headers: { cookie, 'x-form-token': token } },
        ...(body !== undefined && { body }),
      }),
    )
    return (await answer.json()) as { id: string; state: string; offset: number }
  }
  const { id } = await ask(
    'PUT',
    '',
    JSON.stringify({ key: 'a/b.txt', size: 10, type: 'text/plain' }),
  )
  expect(await ask('PATCH', `/${id}?offset=0`, 'hello')).toMatchObject({ offset: 5, state: 'open' })
  expect(await ask('GET', `/${id}`)).toMatchObject({ offset: 5 })
  expect(await ask('PATCH', `/${id}?offset=5`, 'world')).toMatchObject({ state: 'completed' })
  const stored = await services.files?.store.get('a/b.txt')
  expect(await new Response(stored?.body).text()).toBe('helloworld')
  const none = await dashboard.fetch(
    new Request(`${ORIGIN}${BASE}/storage/uploads`, {
      method: 'PUT',
      headers: { cookie },
      body: '{}',
    }),
  )
  expect(none.status).toBe(403)
})

test('a payment’s history is in whole units of its currency', async () => {
  const { get, ids } = await openDashboardFixture()
  const { text } = await get(`/payments/${ids.payment}`)
  expect(text).toContain('49.90 EUR order-1')
  expect(text).not.toContain('4990')
})
