import { expectEqual, expectRejection } from '../../../../src/runtime/ports/conformance.ts'
import {
  decideTicks,
  type MisfirePolicy,
} from '../../../../src/services/background-jobs/scheduling/decide-ticks.ts'
import { describeCron } from '../../../../src/services/background-jobs/scheduling/describe-cron.ts'
import { nextRun } from '../../../../src/services/background-jobs/scheduling/next-run.ts'
import { parseSchedule } from '../../../../src/services/background-jobs/scheduling/parse-schedule.ts'
import { ScheduleError } from '../../../../src/services/background-jobs/scheduling/schedule-error.ts'
import type { ScheduleOptions } from '../../../../src/services/background-jobs/scheduling/schedule.ts'
import type { Suite, SuiteCase } from '../../suite.ts'

/** Fixed cases of the schedules: what they depend on, the runtime's knowledge of time zones, differs between runtimes. */
export function scheduleSuites(): readonly Suite[] {
  return [
    {
      subject: 'Schedule',
      adapter: 'pure',
      cases: [...RUNS.map(runsCase), ...DECISIONS.map(decisionCase), ...otherCases()],
    },
  ]
}

interface RunsCase {
  readonly name: string
  readonly schedule: ScheduleOptions
  readonly after: string
  /** All that follow `after`, in order; `null` for none. */
  readonly runs: readonly (string | null)[]
}

const NEW_YORK = 'America/New_York'
const LORD_HOWE = 'Australia/Lord_Howe'

const RUNS: readonly RunsCase[] = [
  {
    name: 'nextRun() runs at the end of the gap, when the time is skipped',
    schedule: { cron: '30 2 * * *', timezone: NEW_YORK },
    after: '2026-03-07T12:00Z',
    runs: ['2026-03-08T07:00Z', '2026-03-09T06:30Z'],
  },
  {
    name: 'nextRun() leaves out the day, when the time is skipped and the policy says skip',
    schedule: { cron: '30 2 * * *', timezone: NEW_YORK, dst: { gap: 'skip' } },
    after: '2026-03-07T12:00Z',
    runs: ['2026-03-09T06:30Z'],
  },
  {
    name: 'nextRun() runs once at the end of the gap, when several times are skipped',
    schedule: { cron: '0,15,30 2,3 * * *', timezone: NEW_YORK },
    after: '2026-03-07T12:00Z',
    runs: ['2026-03-08T07:00Z', '2026-03-08T07:15Z', '2026-03-08T07:30Z', '2026-03-09T06:00Z'],
  },
  {
    name: 'nextRun() runs the first time, when the clocks show the time twice',
    schedule: { cron: '30 1 * * *', timezone: NEW_YORK },
    after: '2026-10-31T12:00Z',
    runs: ['2026-11-01T05:30Z', '2026-11-02T06:30Z'],
  },
  {
    name: 'nextRun() runs both times, when the clocks show the time twice and the policy says both',
    schedule: { cron: '30 1 * * *', timezone: 'Europe/London', dst: { overlap: 'both' } },
    after: '2026-10-24T12:00Z',
    runs: ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-26T01:30Z'],
  },
  {
    name: 'nextRun() runs every hour of elapsed time, when an hour comes twice',
    schedule: { cron: '0 * * * *', timezone: NEW_YORK },
    after: '2026-11-01T04:00Z',
    runs: ['2026-11-01T05:00Z', '2026-11-01T06:00Z', '2026-11-01T07:00Z', '2026-11-01T08:00Z'],
  },
  {
    name: 'nextRun() runs every half hour of elapsed time, when an hour is skipped',
    schedule: { cron: '*/30 * * * *', timezone: NEW_YORK },
    after: '2026-03-08T06:00Z',
    runs: ['2026-03-08T06:30Z', '2026-03-08T07:00Z', '2026-03-08T07:30Z'],
  },
  {
    name: 'nextRun() runs a step of hours in both, when one of them comes twice',
    schedule: { cron: '0 */2 * * *', timezone: 'Europe/Berlin' },
    after: '2026-10-24T21:00Z',
    runs: ['2026-10-24T22:00Z', '2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T03:00Z'],
  },
  {
    name: 'nextRun() runs at the end of half an hour skipped on Lord Howe Island',
    schedule: { cron: '15 2 * * *', timezone: LORD_HOWE },
    after: '2026-10-03T12:00Z',
    runs: ['2026-10-03T15:30Z', '2026-10-04T15:15Z'],
  },
  {
    name: 'nextRun() runs twice in half an hour repeated on Lord Howe Island, when the policy says both',
    schedule: { cron: '45 1 * * *', timezone: LORD_HOWE, dst: { overlap: 'both' } },
    after: '2026-04-04T12:00Z',
    runs: ['2026-04-04T14:45Z', '2026-04-04T15:15Z', '2026-04-05T15:15Z'],
  },
  {
    name: 'nextRun() runs two hours later by the clock at Troll, where two hours are skipped',
    schedule: { cron: '30 1,2 * * *', timezone: 'Antarctica/Troll' },
    after: '2026-03-28T12:00Z',
    runs: ['2026-03-29T01:00Z', '2026-03-29T23:30Z', '2026-03-30T00:30Z'],
  },
  {
    name: 'nextRun() knows the quarter of an hour of Kathmandu',
    schedule: { cron: '0 9 * * *', timezone: 'Asia/Kathmandu' },
    after: '2026-06-01T00:00Z',
    runs: ['2026-06-01T03:15Z', '2026-06-02T03:15Z'],
  },
  {
    name: 'nextRun() makes up for the whole day that Samoa left out',
    schedule: { cron: '0 12 * * *', timezone: 'Pacific/Apia' },
    after: '2011-12-29T12:00Z',
    runs: ['2011-12-29T22:00Z', '2011-12-30T10:00Z', '2011-12-30T22:00Z'],
  },
  {
    name: 'nextRun() leaves out the day that Samoa left out, when the policy says skip',
    schedule: { cron: '0 12 * * *', timezone: 'Pacific/Apia', dst: { gap: 'skip' } },
    after: '2011-12-29T12:00Z',
    runs: ['2011-12-29T22:00Z', '2011-12-30T22:00Z'],
  },
  {
    name: 'nextRun() runs at the end of the gap, where midnight is skipped in Beirut',
    schedule: { cron: '0 0 * * *', timezone: 'Asia/Beirut' },
    after: '2023-03-25T12:00Z',
    runs: ['2023-03-25T22:00Z', '2023-03-26T21:00Z'],
  },
  {
    name: 'nextRun() runs before midnight once, where it comes twice in Cairo',
    schedule: { cron: '30 23 * * *', timezone: 'Africa/Cairo' },
    after: '2024-10-31T12:00Z',
    runs: ['2024-10-31T20:30Z', '2024-11-01T21:30Z'],
  },
  {
    name: 'nextRun() follows Morocco through Ramadan',
    schedule: { cron: '30 2 10,14 3,4 *', timezone: 'Africa/Casablanca' },
    after: '2024-03-09T12:00Z',
    runs: ['2024-03-10T01:30Z', '2024-03-14T02:30Z', '2024-04-10T02:30Z', '2024-04-14T02:00Z'],
  },
  {
    name: 'nextRun() begins the year where it begins first',
    schedule: { cron: '0 0 1 1 *', timezone: 'Pacific/Kiritimati' },
    after: '2026-06-01T00:00Z',
    runs: ['2026-12-31T10:00Z', '2027-12-31T10:00Z'],
  },
  {
    name: 'nextRun() counts seconds over the end of a year',
    schedule: { cron: '*/30 59 23 31 12 *' },
    after: '2026-12-31T23:59Z',
    runs: ['2026-12-31T23:59:30Z', '2027-12-31T23:59Z'],
  },
  {
    name: 'nextRun() waits eight years for 29 February, when a century has none',
    schedule: { cron: '0 0 29 2 *', timezone: 'Europe/Paris' },
    after: '2096-03-01T00:00Z',
    runs: ['2104-02-28T23:00Z'],
  },
  {
    name: 'nextRun() knows the last day, the nearest weekday and the last weekday of a month',
    schedule: { cron: '0 0 L,15W 2,8 *' },
    after: '2028-02-01T00:00Z',
    runs: ['2028-02-15T00:00Z', '2028-02-29T00:00Z', '2028-08-15T00:00Z', '2028-08-31T00:00Z'],
  },
  {
    name: 'nextRun() knows the second Monday and the last Friday of a month',
    schedule: { cron: '0 9 * * MON#2,FRI#L', timezone: 'Asia/Tokyo' },
    after: '2026-10-01T00:00Z',
    runs: ['2026-10-12T00:00Z', '2026-10-30T00:00Z', '2026-11-09T00:00Z'],
  },
  {
    name: 'nextRun() takes either day, when both are named',
    schedule: { cron: '0 0 13 * FRI' },
    after: '2026-01-10T00:00Z',
    runs: ['2026-01-13T00:00Z', '2026-01-16T00:00Z'],
  },
  {
    name: 'nextRun() takes only a day that is both, when a plus says so',
    schedule: { cron: '0 0 13 * +FRI' },
    after: '2026-01-01T00:00Z',
    runs: ['2026-02-13T00:00Z', '2026-03-13T00:00Z', '2026-11-13T00:00Z'],
  },
  {
    name: 'nextRun() keeps between start and end',
    schedule: {
      cron: '@hourly',
      start: Date.parse('2026-01-01T00:30Z'),
      end: Date.parse('2026-01-01T03:00Z'),
    },
    after: '2025-01-01T00:00Z',
    runs: ['2026-01-01T01:00Z', '2026-01-01T02:00Z', null],
  },
  {
    name: 'nextRun() counts intervals from the start, through changes of the clock',
    schedule: { every: '12h', start: Date.parse('2026-03-07T13:00Z') },
    after: '2026-03-07T13:00Z',
    runs: ['2026-03-08T01:00Z', '2026-03-08T13:00Z'],
  },
  {
    name: 'nextRun() takes a fixed offset for a time zone',
    schedule: { cron: '0 9 * * *', timezone: '+05:30' },
    after: '2026-01-01T00:00Z',
    runs: ['2026-01-01T03:30Z'],
  },
]

interface DecisionCase {
  readonly name: string
  readonly misfire: MisfirePolicy
  readonly now: string
  readonly runs: readonly string[]
  readonly missed: number
  readonly next: string
}

/** A daily schedule in New York, last run on 6 March 2026 at 02:30; the time is skipped on the 8th. */
const DECISIONS: readonly DecisionCase[] = [
  {
    name: 'decideTicks() runs the latest tick, after an outage over a gap',
    misfire: 'latest',
    now: '2026-03-09T12:00Z',
    runs: ['2026-03-09T06:30Z'],
    missed: 2,
    next: '2026-03-10T06:30Z',
  },
  {
    name: 'decideTicks() runs nothing late, when the policy says skip',
    misfire: 'skip',
    now: '2026-03-08T12:00Z',
    runs: [],
    missed: 2,
    next: '2026-03-09T06:30Z',
  },
  {
    name: 'decideTicks() runs all ticks, when the policy says so',
    misfire: { all: true, max: 10 },
    now: '2026-03-09T12:00Z',
    runs: ['2026-03-07T07:30Z', '2026-03-08T07:00Z', '2026-03-09T06:30Z'],
    missed: 0,
    next: '2026-03-10T06:30Z',
  },
]

function runsCase({ name, schedule, after, runs }: RunsCase): SuiteCase {
  return {
    name,
    async run() {
      const parsed = parseSchedule(schedule)
      let last: number | null = Date.parse(after)
      for (const expected of runs) {
        last = nextRun(parsed, last ?? 0)
        expectEqual(iso(last), expected === null ? null : iso(Date.parse(expected)), 'next run')
      }
    },
  }
}

function decisionCase({ name, misfire, now, runs, missed, next }: DecisionCase): SuiteCase {
  return {
    name,
    async run() {
      const schedule = parseSchedule({ cron: '30 2 * * *', timezone: NEW_YORK })
      const progress = { lastScheduledMs: Date.parse('2026-03-06T07:30Z'), runsSoFar: 0 }
      const decision = decideTicks(schedule, progress, Date.parse(now), misfire)
      expectEqual(
        decision.runs.map(iso),
        runs.map((run) => iso(Date.parse(run))),
        'runs',
      )
      expectEqual(decision.missed, missed, 'missed')
      expectEqual(iso(decision.next), iso(Date.parse(next)), 'next')
      const again = decideTicks(schedule, decision.progress, Date.parse(now), misfire)
      expectEqual(again, { ...decision, runs: [], missed: 0 }, 'second decision')
    },
  }
}

function otherCases(): readonly SuiteCase[] {
  return [
    {
      name: 'parseSchedule() throws bad_timezone, when the runtime does not know the zone',
      run: () =>
        expectRejection(
          () => parseSchedule({ cron: '@daily', timezone: 'Europe/Atlantis' }),
          (error) => error instanceof ScheduleError && error.code === 'bad_timezone',
          'bad_timezone',
        ),
    },
    {
      name: 'describeCron() says when an expression runs',
      async run() {
        expectEqual(
          describeCron('*/15 9-17 * * MON-FRI', 'Europe/Berlin'),
          'Every 15 minutes from 09:00 through 17:45, Monday through Friday (Europe/Berlin time)',
        )
      },
    },
  ]
}

function iso(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString()
}
