import { GatewayError, type Delivery, type TrackedMessage } from '../../client/index.ts'
import { waitFor } from '../../runtime/coordination/wait-for.ts'
import type { Command, CommandContext } from '../command.ts'
import { followList, type FollowedList } from '../follow-list.ts'
import { shownInstant } from '../printable.ts'
import { UsageError } from '../usage-error.ts'

const KINDS = ['deliveries', 'messages'] as const
const PER_PAGE = 200

/** What happens, as it happens. */
export const TAIL_COMMAND: Command = {
  name: 'tail',
  summary: 'Show deliveries and messages as they come and change, until ctrl-c',
  args: ['[deliveries|messages]'],
  options: ['since', 'every'],
  notes: [
    'It asks the gateway again and again, and shows each as often as its state is another.',
    'Changes that come more than a minute later than others do are not shown.',
  ],
  async run(context) {
    const { options, clock, signal } = context
    const lists = listsOf(context, options.instant('since') ?? null)
    const everyMs = options.duration('every', 1000, 3_600_000) ?? 2000
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      for (const list of lists) await showNew(context, list, isFirst)
      await waitFor(clock, everyMs, signal)
    }
    return true
  },
}

/** A list that is followed, with how an entry is shown. */
interface Followed {
  next(): Promise<readonly (readonly [value: object, text: string])[]>
}

function listsOf({ client, args, signal }: CommandContext, since: number | null): Followed[] {
  const [only] = args
  if (only !== undefined && !KINDS.some((kind) => kind === only))
    throw new UsageError(`Cannot tail this: ${KINDS.join(' or ')} expected`)
  const deliveries = followList<Delivery>(
    (from) => client.webhooks.deliveries.list({ limit: PER_PAGE, ...sinceOf(from) }, { signal }),
    ({ state }) => state,
    since,
  )
  const messages = followList<TrackedMessage>(
    (from) => client.notifications.messages.list({ limit: PER_PAGE, ...sinceOf(from) }, { signal }),
    ({ status }) => status,
    since,
  )
  return [
    ...(only === 'messages' ? [] : [shownAs(deliveries, 'delivery', shownDelivery)]),
    ...(only === 'deliveries' ? [] : [shownAs(messages, 'message', shownMessage)]),
  ]
}

function sinceOf(since: number | null): { readonly since?: number } {
  return since === null ? {} : { since }
}

function shownAs<Entry extends object>(
  list: FollowedList<Entry>,
  kind: string,
  show: (entry: Entry) => string,
): Followed {
  return {
    next: async () =>
      (await list.next()).map((entry) => [{ kind, ...entry }, `${kind}  ${show(entry)}`]),
  }
}

function shownDelivery(delivery: Delivery): string {
  const { updatedAt, state, eventType, id, attempts, lastAttempt } = delivery
  const answer = lastAttempt === null ? '' : `  ${lastAttempt.status ?? lastAttempt.error ?? ''}`
  return `${shownInstant(updatedAt)}  ${state}  ${eventType}  ${id}  attempt ${attempts}${answer}`
}

function shownMessage({
  createdAt,
  events,
  status,
  channel,
  provider,
  id,
}: TrackedMessage): string {
  const at = events.at(-1)?.at ?? createdAt
  return `${shownInstant(at)}  ${status}  ${channel}  ${id}${provider === null ? '' : `  ${provider}`}`
}

async function showNew({ output }: CommandContext, list: Followed, isFirst: boolean) {
  try {
    for (const [value, text] of await list.next()) await output.result(value, text)
  } catch (error) {
    // A gateway that is away for a while comes back; one that refuses goes on refusing.
    const passes = error instanceof GatewayError && (error.status >= 500 || error.status === 429)
    if (isFirst || !passes) throw error
    await output.note(`${error.message} (${error.code}), it is tried again`)
  }
}
