import { expect, test } from 'vitest'
import { BASE, openDashboardFixture, ORIGIN } from '../../../test/support/dashboard-fixture.ts'

function form(path: string, fields: Record<string, string>, headers: HeadersInit = {}): Request {
  return new Request(`${ORIGIN}${path}`, {
    ...{ method: 'POST', headers, body: new URLSearchParams(fields) },
  })
}

test('signing in sets a cookie that scripts and other sites do not get, and goes on where one was', async () => {
  const { dashboard } = await openDashboardFixture()
  const asked = await dashboard.fetch(new Request(`${ORIGIN}${BASE}/jobs?state=dead`))
  expect(asked.status).toBe(303)
  expect(asked.headers.get('location')).toBe(
    `${BASE}/sign-in?to=${encodeURIComponent(`${BASE}/jobs?state=dead`)}`,
  )
  const to = `${BASE}/jobs?state=dead`
  const answer = await dashboard.fetch(form(`${BASE}/sign-in`, { key: 'key-of-admin', to }))
  expect([answer.status, answer.headers.get('location')]).toEqual([303, to])
  const cookie = answer.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/; Path=\/dashboard; HttpOnly; SameSite=Strict; Secure; Max-Age=43200$/)
  expect(cookie).not.toContain('key-of-admin')
})

test('a wrong key, an empty one and one that is too long let nobody in', async () => {
  const { dashboard } = await openDashboardFixture()
  for (const key of ['wrong', '', ' ', 'x'.repeat(9000)]) {
    const answer = await dashboard.fetch(form(`${BASE}/sign-in`, { key }))
    expect(answer.status, key).toBe(401)
    expect(answer.headers.get('set-cookie')).toBe(null)
  }
})

test('signing in leads nowhere else', async () => {
  const { dashboard } = await openDashboardFixture()
  for (const to of [
    ...['https://evil.example/', '//evil.example/', '/elsewhere', `${BASE}-evil`, 'javascript:1'],
    ...[`${BASE}/../x`, String.raw`/\evil.example`, `https://here.invalid${BASE}/jobs`, '\u0000'],
  ]) {
    const answer = await dashboard.fetch(form(`${BASE}/sign-in`, { key: 'key-of-reader', to }))
    expect(answer.headers.get('location'), to).toBe(BASE)
  }
})

test('the form of another site signs nobody in', async () => {
  const { dashboard } = await openDashboardFixture()
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
    const answer = await dashboard.fetch(
      form(`${BASE}/sign-in`, { key: 'key-of-admin' }, headers as Record<string, string>),
    )
    expect(answer.status).toBe(401)
  }
})

test('createSignInLink() lets in once, when the button is pressed, for 15 minutes', async () => {
  const { dashboard, clock } = await openDashboardFixture()
  const { path, expiresAt } = dashboard.createSignInLink({ id: 'ops', role: 'operator' })
  expect(expiresAt).toBe(clock.now() + 15 * 60_000)
  const url = `${ORIGIN}${path}`
  // A program that looks at links opens them, and uses nothing up.
  for (let look = 0; look < 3; look++) {
    const shown = await dashboard.fetch(new Request(url))
    expect([shown.status, shown.headers.get('set-cookie')]).toEqual([200, null])
  }
  const answers = await Promise.all([1, 2, 3].map(() => dashboard.fetch(form(path, {}))))
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 410, 410])
  const late = dashboard.createSignInLink({ id: 'ops', role: 'operator' })
  await clock.advance(15 * 60_000)
  expect((await dashboard.fetch(form(late.path, {}))).status).toBe(410)
  expect(await (await dashboard.fetch(new Request(url))).text()).toContain('The link is used up')
})

test('POST /sign-in-links gives a link to whoever has a key', async () => {
  const { dashboard } = await openDashboardFixture()
  const ask = (key: string): Promise<Response> =>
    dashboard.fetch(
      new Request(`${ORIGIN}${BASE}/sign-in-links`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
      }),
    )
  expect((await ask('wrong')).status).toBe(401)
  const answer = await ask('key-of-operator')
  expect(answer.status).toBe(201)
  const { url } = (await answer.json()) as { readonly url: string }
  expect(url).toMatch(/^https:\/\/app\.example\/dashboard\/sign-in\/link\?token=[\w-]+\.[\w-]{43}$/)
  const entered = await dashboard.fetch(new Request(url, { method: 'POST' }))
  expect(entered.headers.get('set-cookie')).toContain('wc_dashboard=')
})

test('a session ends with its time, with its user, and when it was changed', async () => {
  const { dashboard, clock, gone, signIn } = await openDashboardFixture({ sessionLasts: '1h' })
  const cookie = await signIn('admin')
  const status = async (value: string): Promise<number> =>
    (await dashboard.fetch(new Request(`${ORIGIN}${BASE}`, { headers: { cookie: value } }))).status
  expect(await status(cookie)).toBe(200)
  for (const changed of [
    ...[cookie.slice(0, -1), `${cookie}A`, cookie.replace('=', '=A'), 'wc_dashboard=', 'a=b'],
    cookie.replace('.', ''),
  ])
    expect(await status(changed), changed).toBe(303)
  gone.add('admin/Ada')
  expect(await status(cookie)).toBe(303)
  gone.clear()
  await clock.advance(3_600_000)
  expect(await status(cookie)).toBe(303)
})

test('a session of one secret is none of another', async () => {
  const { signIn } = await openDashboardFixture()
  const cookie = await signIn('admin')
  const other = await openDashboardFixture({ secret: 'another secret of at least thirty-two' })
  const answer = await other.dashboard.fetch(
    new Request(`${ORIGIN}${BASE}`, { headers: { cookie } }),
  )
  expect(answer.status).toBe(303)
})

test('whom the application knows by a session of its own needs no key', async () => {
  const { dashboard } = await openDashboardFixture({
    authorize: ({ request }) =>
      request.headers.get('cookie')?.includes('own=yes') === true
        ? { id: 'ada', role: 'reader', tenant: 'acme' }
        : null,
  })
  const answer = await dashboard.fetch(
    new Request(`${ORIGIN}${BASE}`, { headers: { cookie: 'own=yes' } }),
  )
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain('tenant acme')
})

test('a user without a role, or with a misspelt one, is let in nowhere', async () => {
  for (const user of [{ id: 'ada' }, { id: 'ada', role: 'Admin' }, { id: '', role: 'admin' }, 7]) {
    const { dashboard } = await openDashboardFixture({ authorize: () => user as never })
    const answer = await dashboard.fetch(new Request(`${ORIGIN}${BASE}`))
    expect(answer.status).toBe(422)
    expect(await answer.text()).not.toContain('emails')
  }
})
