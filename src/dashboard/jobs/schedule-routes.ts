import { mayAct } from '../access/dashboard-user.ts'
import { describeCron } from '../../services/background-jobs/scheduling/describe-cron.ts'
import { nextRuns } from '../../services/background-jobs/scheduling/next-runs.ts'
import type { JobSchedule } from '../../services/background-jobs/schedules.ts'
import type { Call, Page } from '../http/call.ts'
import type { ActRoute, Route } from '../http/route.ts'
import { formatDuration, formatInstant, formatNumber } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { actButton, badge, emptyState, instant, pager, pathTo, table } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { findQueue } from './find-queue.ts'

/** Schedules of a queue. */
export function scheduleRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/jobs/:queue/schedules', role: 'reader', handle: schedulesPage },
    scheduleAct('pause', 'The schedule is paused.', (call) =>
      findQueue(call).schedules.pause(call.param('id')),
    ),
    scheduleAct('resume', 'The schedule runs again.', (call) =>
      findQueue(call).schedules.resume(call.param('id')),
    ),
    {
      ...scheduleAct('remove', 'The schedule is gone.', (call) =>
        findQueue(call).schedules.remove(call.param('id')),
      ),
      role: 'admin',
      ask: (call) => ({
        title: 'Remove this schedule?',
        body: html`<p>
            It adds no more jobs. Jobs that it has added stay. A deploy that defines it makes it
            anew.
          </p>
          <p class="mono">${shownText(call.param('id'))}</p>`,
        ...{ button: 'Remove the schedule', destructive: true },
      }),
    },
  ]
}

function scheduleAct(name: string, said: string, act: (call: Call) => Promise<boolean>): ActRoute {
  return {
    ...{ method: 'POST', path: `/jobs/:queue/schedules/:id/${name}`, role: 'operator' },
    act: `schedules.${name}`,
    target: (call) => `queue/${call.param('queue')}/schedule/${call.param('id')}`,
    done: (count) => (count > 0 ? said : 'Nothing was changed: it was so already, or is gone.'),
    async handle(call) {
      const changed = await act(call)
      const place = { ...call.view, basePath: '' }
      return {
        to: pathTo(place, 'jobs', call.param('queue'), 'schedules'),
        count: changed ? 1 : 0,
      }
    },
  }
}

async function schedulesPage(call: Call): Promise<Page> {
  const queue = findQueue(call)
  const cursor = call.query('cursor')
  const page = await queue.schedules.page({ limit: 50, ...(cursor !== '' && { cursor }) })
  const here = pathTo(call.view, 'jobs', queue.name)
  return {
    ...{ title: 'Schedules', section: 'jobs' },
    body: html`<p class="crumbs"><a href="${here}">${shownText(queue.name)}</a></p>
      ${call.live(
        'schedules',
        table({
          caption: 'Schedules',
          columns: [
            { name: 'Schedule' },
            { name: 'When', wide: true },
            { name: 'Next run' },
            { name: 'Runs', numeric: true },
            ...(mayAct(call.user.role, 'operator') ? [{ name: '' }] : []),
          ],
          rows: page.schedules.map((one) => scheduleRow(one, call, here)),
          empty: emptyState({
            title: 'This queue has no schedule',
            text: 'A schedule adds a job again and again. Every deploy may say it; saying it twice changes nothing.',
            code: `await scheduleJob(queue, {\n  id: 'nightly', name: '${queue.kinds[0] ?? 'report'}', cron: '0 3 * * *', timezone: 'Europe/Berlin', data: { … },\n})`,
          }),
        }),
      )}
      ${pager(call, page.cursor)}`,
  }
}

function scheduleRow(one: JobSchedule, call: Call, here: string): readonly (Html | string)[] {
  const { id, job, paused, ended, nextRunAt, runs } = one
  const to = `${here}/schedules/${encodeURIComponent(id)}`
  const about = `schedule ${id}`
  return [
    html`${shownText(id, 80)}
      ${paused ? badge('warn', 'paused') : ended ? badge('idle', 'ended') : nothing}<span
        class="sub"
        >adds ${shownText(job.name, 80)}</span
      >`,
    html`${inWords(one)}<span class="sub">${laterRuns(one, call)}</span>`,
    instant(nextRunAt, call.view),
    formatNumber(runs),
    ...(mayAct(call.user.role, 'operator')
      ? [
          html`<div class="actions">
            ${
              ended
                ? nothing
                : paused
                  ? actButton(call, { path: `${to}/resume`, label: 'Resume', about })
                  : actButton(call, { path: `${to}/pause`, label: 'Pause', about })
            }${
              mayAct(call.user.role, 'admin')
                ? actButton(call, { path: `${to}/remove`, label: 'Remove', about, tone: 'danger' })
                : nothing
            }
          </div>`,
        ]
      : []),
  ]
}

function inWords({ schedule }: JobSchedule): string {
  return schedule.kind === 'cron'
    ? describeCron(schedule.cron, schedule.timezone)
    : `Every ${formatDuration(schedule.everyMs)}`
}

function laterRuns({ schedule, nextRunAt }: JobSchedule, call: Call): string {
  if (nextRunAt === null) return ''
  if (schedule.kind === 'every')
    return `then ${formatInstant(nextRunAt + schedule.everyMs, call.view.zone)}`
  const { cron, timezone } = schedule
  const later = nextRuns(cron, 2, timezone, nextRunAt)
  return later.length === 0
    ? ''
    : `then ${later.map((at) => formatInstant(at, call.view.zone)).join(' and ')}`
}
