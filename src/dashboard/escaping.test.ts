import { expect, test } from 'vitest'
import { HOSTILE, openDashboardFixture } from '../../test/support/dashboard-fixture.ts'
import { pagesOf } from '../../test/support/dashboard-pages.ts'

/** What must stand nowhere in a page, whatever somebody has written. */
const BROKEN = /<script>|<img src=x|<!--<\//

/** What stands in fields of forms must be what was written, letter by letter. */
const FIELDS = /value="[^"]*"|<textarea[^]*?<\/textarea>/g

/** Code of ours that runs: files of this origin, and nothing between the tags. */
const SCRIPTS = /<script\b[^>]*>[^]*?<\/script>/g

test('whatever an outsider writes is text on every page, shown or hidden', async () => {
  const fixture = await openDashboardFixture({ text: HOSTILE })
  const pages = pagesOf(fixture.ids, HOSTILE)
  for (const { path, method } of pages) {
    const { status, text, headers } =
      method === 'POST' ? await fixture.post(path, { sure: 'no' }) : await fixture.get(path)
    expect([path, status]).toEqual([path, 200])
    if (!(headers.get('content-type') ?? '').startsWith('text/html')) continue
    if (/frame-ancestors 'self'/.test(headers.get('content-security-policy') ?? '')) continue
    const markup = text.replaceAll(
      /<script src="\/dashboard\/assets\/script\.\w+\.js" defer><\/script>/g,
      '',
    )
    expect(markup.match(BROKEN), path).toBe(null)
    expect(markup.match(SCRIPTS), path).toBe(null)
    // Nothing turns the direction of what stands around it.
    expect(markup.replaceAll(FIELDS, '').includes('\u202E'), path).toBe(false)
    // Neither styles nor handlers in attributes, which the policy would refuse.
    const tags = markup.replaceAll(/="[^"]*"/g, '=""')
    expect(tags.match(/<[^>]*\s(?:style|on\w+)=/), path).toBe(null)
    expect(markup.match(/(?:href|src|action)="(?!\/dashboard|\?|#|")/g), path).toBe(null)
  }
  // It was there to be seen, on most of them.
  const seen = await Promise.all(
    pages.filter(({ method }) => method === 'GET').map(({ path }) => fixture.get(path)),
  )
  expect(seen.filter(({ text }) => text.includes('&lt;script&gt;alert(1)')).length).toBeGreaterThan(
    12,
  )
})

test('a document that somebody else wrote runs nothing and is of no origin', async () => {
  const { get } = await openDashboardFixture({ text: HOSTILE })
  for (const path of [
    '/notifications/templates/welcome-email/html',
    '/notifications/outbox/0/html',
  ]) {
    const { headers, status } = await get(path)
    const policy = headers.get('content-security-policy') ?? ''
    expect([path, status]).toEqual([path, 200])
    expect(policy).toMatch(/^sandbox; default-src 'none';/)
    expect(policy).not.toMatch(/allow-/)
  }
})

test('a file is only ever saved, whatever type it says it has', async () => {
  const { get } = await openDashboardFixture()
  const { headers, text } = await get('/storage/download?key=reports/Ada.txt')
  expect(text).toBe('a report')
  expect(headers.get('content-type')).toBe('application/octet-stream')
  expect(headers.get('content-disposition')).toMatch(/^attachment; /)
  expect((await get('/storage/preview?key=reports/Ada.txt')).status).toBe(404)
})

test('every answer keeps the browser to this origin', async () => {
  const fixture = await openDashboardFixture()
  for (const path of ['', '/sign-in', '/nothing', '/live?page=/dashboard/nothing', '/assets/x']) {
    const { headers } = await fixture.get(path)
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy, path).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
    expect(policy).not.toMatch(/unsafe|\*/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})
