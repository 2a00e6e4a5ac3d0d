import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page, Response as PageResponse } from 'playwright-core'
import {
  newRootKey,
  signInLink,
  startLocalGateway,
  type LocalGateway,
} from '../../examples/gateway/local-gateway.ts'
import { startReceiver, type Receiver } from '../../examples/gateway/receiver.ts'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import { hasProgram } from '../support/has-program.ts'

const PROGRAM = 'chromium'
const HOSTILE = `"><script>window.hacked=1</script><img src=x onerror="window.hacked=1">`
const MEGABYTE = 1_000_000
/** What a first page may cost, with its style and its script. */
const MOST_FIRST_BYTES = 60_000

const folder = mkdtempSync(join(tmpdir(), 'reuse-dashboard-'))
/** Where screenshots go: to be looked at, so they are kept where one says so. */
const shots = process.env['DASHBOARD_SHOTS'] ?? join(folder, 'shots')
const key = newRootKey()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let gateway: LocalGateway | undefined
let browser: Browser | undefined
let context: BrowserContext | undefined
let receiver: Receiver | undefined
let answer = 422

const cases: readonly SuiteCase[] = [
  {
    name: 'a link signs in once, with its button',
    async run() {
      const link = await signInLink(urlOf(), key)
      const page = await newPage()
      await page.goto(link)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      await page.goto(link)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'The link is used up' }).waitFor()
    },
  },
  {
    name: 'a first page takes at most 60,000 bytes, and nothing of it from elsewhere',
    async run() {
      const fresh = await (await opened()).newContext({ storageState: await stateOf() })
      const page = await fresh.newPage()
      const bodies: Promise<Buffer>[] = []
      const foreign: string[] = []
      const keep = (response: PageResponse): void => {
        if (!response.url().startsWith(urlOf())) foreign.push(response.url())
        if (response.headers()['content-type'] === 'text/event-stream') return
        bodies.push(response.body())
      }
      page.on('response', keep)
      await page.goto(`${urlOf()}/dashboard`, { waitUntil: 'load' })
      // What comes later is none of the first page, and gone with it before it was read.
      page.off('response', keep)
      const bytes = (await Promise.all(bodies)).map(({ length }) => length)
      let all = 0
      for (const length of bytes) all += length
      expectTrue(all > 10_000 && all <= MOST_FIRST_BYTES, `a first page has ${all} bytes`)
      expectEqual(foreign, [])
      await fresh.close()
    },
  },
  {
    name: 'a dead job is retried, and the page follows what becomes of it',
    async run() {
      await addJobs(1)
      const page = await newPage('/jobs/default?state=dead')
      await page
        .getByRole('button', { name: /^Retry job/ })
        .first()
        .waitFor()
      answer = 204
      await page
        .getByRole('button', { name: /^Retry job/ })
        .first()
        .click()
      await page.getByText('It will run again.').waitFor()
      // Nobody loads the page again.
      await page.locator('.badge', { hasText: 'completed' }).waitFor()
    },
  },
  {
    name: 'all dead jobs are retried, once it is said how many they are',
    async run() {
      answer = 422
      await addJobs(3)
      const page = await newPage('/jobs/default?state=dead')
      answer = 204
      await page.getByRole('button', { name: 'Retry all dead jobs' }).click()
      await page.getByRole('heading', { name: 'Retry 3 dead jobs?' }).waitFor()
      await page.getByRole('button', { name: 'Retry 3 jobs' }).click()
      await page.getByText('3 jobs will run again.').waitFor()
    },
  },
  {
    name: 'jobs are found by a tag, and all that match are retried, counted first and on record',
    async run() {
      answer = 422
      await addJobs(2, { tags: ['customer:7'] })
      await addJobs(1, { tags: ['customer:8'] })
      const page = await newPage('/jobs/default?state=dead')
      await page.getByLabel('Tag').fill('customer:7')
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByText('Jobs that match, whatever their state.').waitFor()
      expectEqual(await page.getByRole('button', { name: /^Retry job/ }).count(), 2)
      answer = 204
      await page.getByRole('button', { name: 'Retry all matching' }).click()
      await page.getByRole('button', { name: 'Retry 2 jobs' }).click()
      await page.getByText('To run again: 2 jobs.').waitFor()
      // The search is still what is shown, and it follows what becomes of them.
      await page.locator('.badge', { hasText: 'completed' }).nth(1).waitFor()
      expectEqual(await deadCount(), 1)
      await page.goto(`${urlOf()}/dashboard/audit`)
      await page.getByText('queue/default/tag=customer:7').first().waitFor()
      await page.goto(`${urlOf()}/dashboard/jobs/default?tag=customer:8`)
      await page.getByRole('button', { name: 'Remove all matching' }).click()
      await page.getByRole('button', { name: 'Remove 1 job' }).click()
      await page.getByText('Removed: 1 job.').waitFor()
    },
  },
  {
    name: 'hostile data, file names and labels are text, shown as they are',
    async run() {
      const job = { url: `${targetUrl()}?${encodeURIComponent(HOSTILE)}`, payload: HOSTILE }
      const { id } = await call('POST', '/v1/jobs/queues/default/jobs', {
        ...{ name: 'deliver', data: job, options: { delay: '1d' } },
      })
      await call('POST', '/v1/keys', { label: HOSTILE, tenant: 'default' })
      await call('POST', '/v1/webhooks/endpoints', {
        ...{ url: targetUrl(), description: HOSTILE, events: ['none'] },
      })
      await put(`/v1/files/${encodeURIComponent(`${HOSTILE.replaceAll('/', '')}.txt`)}`)
      const page = await newPage(`/jobs/default/job/${String(id)}`)
      await page.getByRole('button', { name: 'Show data and result' }).click()
      await page.locator('code', { hasText: 'window.hacked=1' }).first().waitFor()
      for (const path of ['/settings', '/webhooks', '/storage', '/audit', '/logs']) {
        await page.goto(`${urlOf()}/dashboard${path}`)
        expectEqual(await page.evaluate('window.hacked'), undefined, path)
      }
    },
  },
  {
    name: 'a delivery that is dead is sent again, and many by filter',
    async run() {
      answer = 500
      await call('POST', '/v1/webhooks/endpoints', {
        ...{ url: targetUrl(), description: 'The shop', events: ['order.*'] },
      })
      await call('POST', '/v1/events', { type: 'order.paid', data: { id: 1 } })
      const page = await newPage('/webhooks/deliveries')
      await page.locator('.badge', { hasText: 'dead' }).waitFor()
      answer = 204
      await page.getByRole('button', { name: 'Count first' }).click()
      await page.getByRole('heading', { name: 'Send 1 delivery again?' }).waitFor()
      await page.getByRole('button', { name: 'Send them again' }).click()
      await page.locator('.badge', { hasText: 'delivered' }).waitFor()
    },
  },
  {
    name: 'an upload of 50 MB shows how far it is, and goes on after a reload',
    async run() {
      const page = await newPage('/storage')
      const file = join(folder, 'film.bin')
      writeFileSync(file, new Uint8Array(50 * MEGABYTE).fill(7))
      await page.locator('input[type=file]').setInputFiles(file)
      await page.getByRole('button', { name: 'Upload', exact: true }).click()
      // The policy allows no page to evaluate text, so it is looked at from outside.
      while (Number(await page.evaluate("document.querySelector('progress').value")) <= 0.3)
        await page.waitForTimeout(20)
      await page.reload()
      await page.getByText(/^film\.bin stopped at \d+ %/).waitFor()
      const kept = Number(await page.evaluate(`document.querySelector('progress').value`))
      expectTrue(kept > 0.1, `after the reload ${kept} of it is there`)
      await page.locator('input[type=file]').setInputFiles(file)
      await page.getByRole('button', { name: 'Upload', exact: true }).click()
      await page.getByRole('link', { name: 'film.bin' }).waitFor()
      await page.getByRole('link', { name: 'film.bin' }).click()
      await page.getByText('50.0 MB').waitFor()
    },
  },
  {
    name: 'a stuck saga is skipped with a reason, and goes on',
    async run() {
      answer = 422
      const url = targetUrl()
      const { id } = await call('POST', '/v1/sagas/http/runs', {
        input: {
          steps: [{ execute: { url, payload: 'fine' }, compensate: { url } }, { execute: { url } }],
        },
      })
      const page = await newPage(`/sagas/http/${String(id)}`)
      await page.locator('.badge', { hasText: 'stuck here' }).waitFor()
      await page.getByLabel('Why it may be skipped').fill('undone by hand')
      await page.getByRole('button', { name: 'Skip the step' }).click()
      await page.getByRole('button', { name: 'Skip the step' }).click()
      await page.locator('.badge', { hasText: 'compensated' }).waitFor()
      await page.getByText('Skipped: undone by hand').waitFor()
    },
  },
  {
    name: 'a key is revoked, and is refused from then on',
    async run() {
      const { key: secret } = await call('POST', '/v1/keys', { label: 'old', tenant: 'default' })
      const page = await newPage('/settings')
      await page.getByRole('button', { name: 'Revoke old' }).click()
      await page.getByRole('button', { name: 'Revoke the key' }).click()
      await page.getByText('The key is revoked.').waitFor()
      const refused = await fetch(`${urlOf()}/v1/jobs/queues`, {
        headers: { authorization: `Bearer ${String(secret)}` },
      })
      expectEqual(refused.status, 401)
    },
  },
  {
    name: 'without JavaScript pages are read and a job is cancelled',
    async run() {
      const plain = await (
        await opened()
      ).newContext({
        ...{ javaScriptEnabled: false, storageState: await stateOf() },
      })
      const page = await plain.newPage()
      await page.goto(`${urlOf()}/dashboard/jobs/default?state=scheduled`)
      await page
        .getByRole('button', { name: /^Cancel job/ })
        .first()
        .click()
      await page.getByRole('button', { name: 'Cancel the job' }).click()
      await page.getByText('It is called off, or asked to stop.').waitFor()
      await plain.close()
    },
  },
  {
    name: 'a keyboard gets to the search and through the page',
    async run() {
      const page = await newPage('/jobs/default')
      await page.keyboard.press('Tab')
      expectEqual(await page.evaluate('document.activeElement.textContent'), 'Skip to content')
      await page.keyboard.press('/')
      expectEqual(await page.evaluate('document.activeElement.dataset.search !== undefined'), true)
    },
  },
  {
    name: 'no page has a fault that axe finds, or is wider than a phone, in light and dark',
    async run() {
      mkdirSync(shots, { recursive: true })
      const faults: string[] = []
      for (const [width, scheme] of [
        [390, 'light'],
        [1440, 'light'],
        [390, 'dark'],
        [1440, 'dark'],
      ] as const) {
        const seen = await (
          await opened()
        ).newContext({
          ...{ storageState: await stateOf(), colorScheme: scheme, reducedMotion: 'reduce' },
          viewport: { width, height: 900 },
        })
        const page = await seen.newPage()
        page.on('console', (message) => {
          if (message.type() === 'error') faults.push(message.text())
        })
        for (const path of await pagePaths()) {
          await page.goto(`${urlOf()}/dashboard${path}`)
          const name = path.replaceAll(/\W+/g, '-').slice(1, 60) || 'overview'
          await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`) })
          const isWide = await page.evaluate(
            'document.documentElement.scrollWidth > document.documentElement.clientWidth',
          )
          if (isWide === true) faults.push(`${path} is wider than ${width}`)
          // What colours come to differs with the scheme, all else with the width.
          if (scheme === 'dark' && width === 390) continue
          const rules = scheme === 'dark' ? '{ runOnly: ["color-contrast"] }' : '{}'
          const found = (await page.evaluate(
            `(() => { ${axe}; return axe.run(document, ${rules}) })()`,
          )) as { violations: { id: string; nodes: { html: string }[] }[] }
          for (const { id, nodes } of found.violations)
            faults.push(`${path} ${width} ${scheme}: ${id} at ${nodes[0]?.html ?? ''}`)
        }
        await seen.close()
      }
      expectEqual(faults, [])
    },
  },
]

async function pagePaths(): Promise<readonly string[]> {
  const { jobs } = await call('GET', '/v1/jobs/queues/default/jobs?state=completed&limit=1')
  const { deliveries } = await call('GET', '/v1/deliveries?limit=1')
  const { endpoints } = await call('GET', '/v1/webhooks/endpoints?limit=1')
  const idIn = (list: unknown): string =>
    encodeURIComponent((list as readonly { readonly id: string }[])[0]?.id ?? '')
  return [
    ...[
      '',
      '/jobs',
      '/jobs/default',
      '/jobs/default?tag=customer:7',
      `/jobs/default/job/${idIn(jobs)}`,
      '/jobs/default/schedules',
    ],
    ...['/sagas', '/webhooks', `/webhooks/endpoints/${idIn(endpoints)}`, '/webhooks/deliveries'],
    ...[`/webhooks/deliveries/${idIn(deliveries)}`, '/notifications', '/payments', '/storage'],
    ...['/notifications/outbox', '/health', '/logs', '/audit', '/settings'],
  ]
}

/** Adds jobs that the receiver refuses, and waits until they are dead. */
async function addJobs(count: number, options: object = {}): Promise<void> {
  const before = await deadCount()
  const data = { url: targetUrl(), payload: { to: 'ada@example.com' } }
  const job = { name: 'deliver', data, options }
  for (let index = 0; index < count; index++)
    await call('POST', '/v1/jobs/queues/default/jobs', job)
  for (let look = 0; look < 200; look++) {
    if ((await deadCount()) >= before + count) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`Only ${await deadCount()} jobs are dead`)
}

async function deadCount(): Promise<number> {
  const { counts } = await call('GET', '/v1/jobs/queues/default')
  return (counts as { readonly dead: number }).dead
}

async function call(
  method: string,
  path: string,
  json?: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(urlOf() + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  expectTrue(response.ok, `${method} ${path} answered ${response.status}: ${text}`)
  return JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>
}

async function put(path: string): Promise<void> {
  const response = await fetch(urlOf() + path, {
    method: 'PUT',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'text/html' },
    body: HOSTILE,
  })
  expectEqual(response.status, 201, path)
}

function urlOf(): string {
  return gateway?.url ?? ''
}

function targetUrl(): string {
  return receiver?.url ?? ''
}

async function opened(): Promise<Browser> {
  const { chromium } = await import('playwright-core')
  browser ??= await chromium.launch({
    executablePath: `/usr/bin/${PROGRAM}`,
    args: ['--no-sandbox'],
  })
  return browser
}

/** Somebody's pages; without a path nobody has signed in yet. */
async function newPage(path?: string): Promise<Page> {
  context ??= await (await opened()).newContext({ viewport: { width: 1280, height: 900 } })
  context.setDefaultTimeout(15_000)
  // One at a time, as one person looks: a page that is in front has a stream.
  for (const before of context.pages()) await before.close()
  const page = await context.newPage()
  if (path !== undefined) {
    await stateOf()
    await page.goto(`${urlOf()}/dashboard${path}`)
  }
  return page
}

async function stateOf(): ReturnType<BrowserContext['storageState']> {
  context ??= await (await opened()).newContext({ viewport: { width: 1280, height: 900 } })
  const state = await context.storageState()
  if (state.cookies.length > 0) return state
  const page = await context.newPage()
  await page.goto(`${urlOf()}/dashboard/sign-in`)
  await page.getByLabel('API key').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.close()
  return context.storageState()
}

const excused = hasProgram(PROGRAM) ? undefined : `there is no ${PROGRAM} on this machine`
try {
  if (excused === undefined) {
    receiver = await startReceiver(({ body }) => (body === '"fine"' ? 204 : answer))
    gateway = await startLocalGateway({
      ...{ key, stateFolder: folder },
      variables: {
        RETRY_DELAYS_MS: '100',
        ATTEMPT_TIMEOUT_MS: '1000',
        ALLOW_PRIVATE_RECEIVERS: 'for local development',
        REQUESTS_PER_MINUTE: '100000',
      },
    })
  }
  const suite = {
    ...{ subject: 'Gateway', adapter: 'dashboard' },
    cases: cases.map((one) => (excused === undefined ? one : { ...one, excused })),
  }
  const failed = await runSuites('workerd', [suite], console.log, process.argv[2])
  process.exitCode = failed > 0 ? 1 : 0
} finally {
  await browser?.close()
  await gateway?.stop()
  await receiver?.close()
  rmSync(folder, { recursive: true, force: true })
}
