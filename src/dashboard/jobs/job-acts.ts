import type { JobRecord } from '../../runtime/ports/job-store/job-store.ts'
import type { Call } from '../http/call.ts'
import { html, type Html } from '../html/html.ts'
import { actButton } from '../html/parts.ts'

/** What can be done to a job as it is. @param to Its page */
export function jobActs({ state, id }: JobRecord, call: Call, to: string): Html {
  const button = (name: string, label: string): Html =>
    actButton(call, { path: `${to}/${name}`, label, about: `job ${id}` })
  switch (state) {
    case 'dead':
    case 'cancelled':
    case 'completed':
      return button('retry', 'Retry')
    case 'parked':
      return html`${button('promote', 'Let it go on')}${button('cancel', 'Cancel')}`
    case 'scheduled':
      return html`${button('promote', 'Run now')}${button('cancel', 'Cancel')}`
    case 'ready':
    case 'active':
    case 'held':
    case 'blocked':
      return button('cancel', 'Cancel')
  }
}
