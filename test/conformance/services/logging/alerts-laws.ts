import { BackendError } from '../../../../src/runtime/ports/backend-error.ts'
import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import {
  createAlerts,
  LoggerService,
  MetricsService,
  type Alert,
  type AlertRule,
  type Alerts,
  type AlertsOptions,
} from '../../../../src/services/logging/index.ts'
import type { LoggingHarness } from './logging-suites.ts'

interface Fixture {
  /** What each alert came to: its rule and value. */
  readonly raised: readonly (readonly [string, number])[]
  readonly alerts: readonly Alert[]
  /** Another isolate with the same rules. */
  isolate(more?: Partial<AlertsOptions>): { readonly own: Alerts; readonly logger: LoggerService }
}

async function fixture(
  { open, clock }: LoggingHarness,
  rules: readonly AlertRule[],
): Promise<Fixture> {
  const { store } = await open()
  const alerts: Alert[] = []
  const raised: [string, number][] = []
  return {
    raised,
    alerts,
    isolate(more = {}) {
      const own = createAlerts({
        backend: { store },
        clock,
        rules,
        notify: (alert) => {
          alerts.push(alert)
          raised.push([alert.rule, alert.value])
        },
        ...more,
      })
      return { own, logger: new LoggerService({ level: 'trace', sinks: [own], clock }) }
    },
  }
}

const errors: AlertRule = {
  name: 'many errors',
  log: { level: 'error' },
  atLeast: 3,
  window: '10s',
  cooldown: '1m',
}

/** What alerts promise on every backend. */
export const alertsLaws: readonly Law<LoggingHarness>[] = [
  {
    name: 'a rule over lines is raised when it is reached, by all isolates together once, and is then quiet',
    async run(harness) {
      const { raised, alerts, isolate } = await fixture(harness, [errors])
      const [one, two] = [isolate(), isolate()]
      one.logger.warn('no error')
      one.logger.error('first')
      two.logger.fatal('second')
      await one.own.flush()
      expectEqual((await two.own.flush()).sent, 0)
      expectEqual(raised, [])
      one.logger.error('mail to ann@example.com failed')
      expectEqual(await one.own.flush(), { sent: 1, dropped: 0, errors: [] })
      two.logger.error('more')
      await two.own.flush()
      expectEqual(raised, [['many errors', 3]])
      const [alert] = alerts
      expectEqual(
        [alert?.threshold, alert?.windowMs, alert?.example],
        [3, 10_000, 'mail to [EMAIL] failed'],
      )
      await harness.advance(60_000)
      for (let at = 0; at < 4; at++) two.logger.error('again')
      await two.own.flush()
      expectEqual(raised[1], ['many errors', 4])
    },
  },
  {
    name: 'what came before the window does not count',
    async run(harness) {
      const { raised, isolate } = await fixture(harness, [errors])
      const { own, logger } = isolate()
      for (let at = 0; at < 2; at++) logger.error('early')
      await own.flush()
      await harness.advance(11_000)
      logger.error('late')
      await own.flush()
      expectEqual(raised, [])
      await harness.advance(5000)
      for (let at = 0; at < 2; at++) logger.error('late')
      await own.flush()
      expectEqual(raised, [['many errors', 3]])
    },
  },
  {
    name: 'a rule counts the lines for which all holds that it says',
    async run(harness) {
      const once = { atLeast: 1, window: '10s' } as const
      const { raised, isolate } = await fixture(harness, [
        { ...once, name: 'module', log: { level: 'info', module: 'db' } },
        { ...once, name: 'message', log: { level: 'info', message: 'slow request' } },
        { ...once, name: 'fields', log: { level: 'info', fields: { status: 503, kind: 'a' } } },
      ])
      const { own, logger } = isolate()
      logger.child({}, 'dbx').info('x')
      logger.info('slow requests')
      logger.info({ status: 503 }, 'x')
      logger.info({ status: '503', kind: 'a' }, 'x')
      await own.flush()
      expectEqual(raised, [])
      logger.child({}, 'db.pool').info('x')
      logger.info('slow request')
      logger.info({ status: 503, kind: 'a', more: 1 }, 'x')
      await own.flush()
      expectEqual(raised, [
        ['module', 1],
        ['message', 1],
        ['fields', 1],
      ])
    },
  },
  {
    name: 'a rule over a counter or a histogram counts what came within the window, over all isolates',
    async run(harness) {
      const { clock } = harness
      const { raised, isolate } = await fixture(harness, [
        {
          name: 'mail',
          metric: { name: 'mails_failed_total', labels: { provider: 'a' } },
          atLeast: 5,
          window: '10s',
        },
        { name: 'slow', metric: { name: 'took_seconds', over: 1 }, atLeast: 2, window: '10s' },
      ])
      const isolates = [0, 1].map(() => {
        const metrics = new MetricsService({ clock, exporters: [isolate().own] })
        const failed = metrics.counter('mails_failed_total', { help: 'h', labels: ['provider'] })
        const took = metrics.histogram('took_seconds', { help: 'h', buckets: [0.5, 1, 2] })
        return { metrics, failed, took }
      })
      for (const { metrics, failed, took } of isolates) {
        failed.inc({ provider: 'a' }, 2)
        failed.inc({ provider: 'b' }, 90)
        took.observe(0.9)
        await metrics.flush()
      }
      expectEqual(raised, [])
      isolates[1]?.failed.inc({ provider: 'a' })
      isolates[0]?.took.observe(1.5)
      isolates[1]?.took.observe(9)
      for (const { metrics } of isolates) await metrics.flush()
      expectEqual(raised, [
        ['mail', 5],
        ['slow', 2],
      ])
      await harness.advance(11_000)
      for (const { metrics } of isolates) await metrics.flush()
      expectEqual(raised.length, 2, 'alerts: totals alone raise none')
    },
  },
  {
    name: 'a rule over a gauge is raised when it was as high all through the window',
    async run(harness) {
      const { raised, isolate } = await fixture(harness, [
        {
          name: 'waiting',
          metric: { name: 'jobs_waiting' },
          atLeast: 100,
          window: '10s',
          cooldown: '1h',
        },
      ])
      const metrics = new MetricsService({ clock: harness.clock, exporters: [isolate().own] })
      const waiting = metrics.gauge('jobs_waiting', { help: 'h' })
      for (const [value, expected] of [
        [150, 0],
        [90, 0],
        [120, 0],
        [130, 0],
        [140, 1],
        [150, 1],
      ] as const) {
        waiting.set(value)
        await metrics.flush()
        expectEqual(raised.length, expected, `alerts at ${value}`)
        await harness.advance(6000)
      }
      expectEqual(raised, [['waiting', 140]])
    },
  },
  {
    name: 'how long a gauge is high is known to all isolates, and ends where one of them finds it low',
    async run(harness) {
      const { raised, isolate } = await fixture(harness, [
        { name: 'waiting', metric: { name: 'jobs_waiting' }, atLeast: 100, window: '10s' },
      ])
      // Each time another isolate, as a cron trigger may have it, and the totals of all.
      const look = async (value: number): Promise<void> => {
        const metrics = new MetricsService({ clock: harness.clock })
        metrics.gauge('jobs_waiting', { help: 'h' }).set(value)
        await isolate().own.export(await metrics.read())
        await harness.advance(6000)
      }
      for (const value of [150, 120, 90, 110, 120]) await look(value)
      expectEqual(raised, [])
      await look(130)
      expectEqual(raised, [['waiting', 130]])
    },
  },
  {
    name: 'what could not be told is raised again with the next flush, and nothing is thrown',
    async run(harness) {
      const { isolate } = await fixture(harness, [errors])
      let calls = 0
      const failure = new Error('the pager is down')
      const { own, logger } = isolate({
        notify: () => {
          if (++calls < 3) throw failure
        },
      })
      for (let at = 0; at < 3; at++) logger.error('x')
      for (const expected of [0, 0, 1, 0]) {
        const { sent, errors: failed } = await own.flush()
        expectEqual([sent, failed[0] === failure], [expected, calls < 3])
      }
      expectEqual(calls, 3)
    },
  },
  {
    name: 'what could not be told is raised again also where the store was away with the pager',
    async run(harness) {
      const { store } = await harness.open()
      let isAway = false
      const partition = (name: string): ReturnType<typeof store.partition> => {
        const whole = store.partition(name)
        const failing = async (): Promise<never> => {
          throw new BackendError('backend_unavailable', 'Cannot reach the store')
        }
        const commit: typeof whole.commit = (change) => (isAway ? failing() : whole.commit(change))
        return Object.create(whole, { commit: { value: commit } }) as typeof whole
      }
      let calls = 0
      const alerts = createAlerts({
        backend: { store: { partition } },
        clock: harness.clock,
        rules: [errors],
        notify() {
          calls++
          isAway = calls === 1
          if (isAway) throw new Error('the pager is down')
        },
      })
      const logger = new LoggerService({ sinks: [alerts], clock: harness.clock })
      for (let at = 0; at < 3; at++) logger.error('x')
      expectEqual((await alerts.flush()).errors.map(String), ['Error: the pager is down'])
      isAway = false
      expectEqual([(await alerts.flush()).sent, calls], [1, 2])
      expectEqual([(await alerts.flush()).sent, calls], [0, 2])
    },
  },
  {
    name: 'a rule finds series by labels that are numbers',
    async run(harness) {
      const { raised, isolate } = await fixture(harness, [
        {
          name: 'failing',
          metric: { name: 'seen_total', labels: { status: 500 } },
          atLeast: 1,
          window: '10s',
        },
      ])
      const metrics = new MetricsService({ clock: harness.clock, exporters: [isolate().own] })
      metrics.counter('seen_total', { help: 'h', labels: ['status'] }).inc({ status: 500 })
      await metrics.flush()
      expectEqual(raised, [['failing', 1]])
    },
  },
  {
    name: 'by itself it looks 5 s after a line that counts; without a backend each counts for itself',
    async run({ clock, advance, open }) {
      await open()
      const raised: string[] = []
      const waited: Promise<unknown>[] = []
      const alerts = createAlerts({
        clock,
        rules: [{ ...errors, atLeast: 1 }],
        notify: ({ rule }) => raised.push(rule),
        waitUntil: (promise) => void waited.push(promise),
      })
      const logger = new LoggerService({ sinks: [alerts], clock })
      logger.error('x')
      logger.error('y')
      expectEqual(raised, [])
      await advance(5000)
      await Promise.all(waited)
      expectEqual([raised, waited.length], [['many errors'], 1])
      expectEqual(await alerts.flush(), { sent: 0, dropped: 0, errors: [] })
    },
  },
  {
    name: 'createAlerts() refuses rules that can never be raised, or say two things',
    async run({ clock }) {
      const wrong: readonly (readonly [object, 'TypeError' | 'RangeError'])[] = [
        [{ name: '' }, 'TypeError'],
        [{ log: undefined }, 'TypeError'],
        [{ metric: { name: 'x' } }, 'TypeError'],
        [{ log: { level: 'loud' } }, 'TypeError'],
        [{ log: { levels: 'error' } }, 'TypeError'],
        [{ over: 1 }, 'TypeError'],
        [{ log: { message: /failed/ } }, 'TypeError'],
        [{ log: { fields: { route: null } } }, 'TypeError'],
        [{ log: undefined, metric: { name: 5 } }, 'TypeError'],
        [{ log: undefined, metric: { name: 'x', labels: 'a' } }, 'TypeError'],
        [{ log: undefined, metric: { name: 'x', over: NaN } }, 'RangeError'],
        [{ atLeast: 0 }, 'RangeError'],
        [{ atLeast: NaN }, 'RangeError'],
        [{ window: 999 }, 'RangeError'],
        [{ cooldown: -1 }, 'RangeError'],
      ]
      for (const [change, name] of wrong)
        await expectRejection(
          async () => createAlerts({ clock, rules: [{ ...errors, ...change }], notify: () => {} }),
          (error) => error instanceof Error && error.name === name,
          `${name} for ${JSON.stringify(change)}`,
        )
      for (const options of [
        { rules: [], notify: () => {} },
        { rules: [errors, errors], notify: () => {} },
        { rules: [errors], notify: 'x' },
        { rules: [errors], notify: () => {}, backend: {} },
      ])
        await expectRejection(
          async () => createAlerts(options as never),
          (error) => error instanceof TypeError,
          'a TypeError',
        )
    },
  },
]
