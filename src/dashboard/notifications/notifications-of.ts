import type { DashboardServices } from '../dashboard-services.ts'
import type { Call } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import { pathTo, tabs } from '../html/parts.ts'
import type { Html } from '../html/html.ts'

/** @throws MissingPageError */
export function notificationsOf(call: Call): NonNullable<DashboardServices['notifications']> {
  const { notifications } = call.services
  if (notifications !== undefined) return notifications
  throw new MissingPageError('There are no messages here.')
}

/** The pages about messages. */
export function messageTabs(
  call: Call,
  current: 'messages' | 'suppressions' | 'templates' | 'outbox',
): Html {
  const { templates, outbox } = call.services
  const to = (...parts: readonly string[]): string => pathTo(call.view, 'notifications', ...parts)
  return tabs('Messages', [
    { name: 'Messages', to: to(), current: current === 'messages' },
    { name: 'Suppressed', to: to('suppressions'), current: current === 'suppressions' },
    ...(templates === undefined
      ? []
      : [{ name: 'Templates', to: to('templates'), current: current === 'templates' }]),
    ...(outbox === undefined
      ? []
      : [{ name: 'Outbox', to: to('outbox'), current: current === 'outbox' }]),
  ])
}
