import type { Delivery } from '../../client/index.ts'
import type { Command, CommandContext } from '../command.ts'
import { forEachId } from '../for-each-id.ts'
import { UsageError } from '../usage-error.ts'

const STATES: readonly Delivery['state'][] = [
  ...(['pending', 'retrying', 'delivered', 'dead', 'held', 'cancelled'] as const),
]
const FILTERS = ['since', 'until', 'endpoint', 'type', 'state', 'per-second'] as const

/** Webhooks that were sent. */
export const WEBHOOK_COMMANDS: readonly Command[] = [
  {
    name: 'webhooks replay',
    summary: 'Send deliveries again: those named, or all that match since a time',
    args: ['[id]...'],
    options: FILTERS,
    notes: [
      `State: ${STATES.join(', ')}, once for each; all by default.`,
      'What matches is sent by a job of the gateway, which goes on when this has ended.',
    ],
    run: (context) => (context.args.length > 0 ? retryEach(context) : replayMatching(context)),
  },
]

async function retryEach(context: CommandContext): Promise<boolean> {
  const { client, args, options, signal } = context
  const filter = FILTERS.find((name) => options.has(name))
  if (filter !== undefined)
    throw new UsageError(`Cannot use --${filter}: deliveries are named, either of both expected`)
  return forEachId(context, args, ['Replaying', 'deliveries'], async (id) => {
    const { round } = await client.webhooks.deliveries.retry({ id }, { signal })
    return [{ id, round }, `${id}  is sent again, round ${round}`, true]
  })
}

async function replayMatching({ client, options, output, signal }: CommandContext) {
  const since = options.instant('since')
  if (since === undefined)
    throw new UsageError('Cannot replay: deliveries to send again or --since expected')
  const [until, endpoint, type] = [
    options.instant('until'),
    options.text('endpoint'),
    options.text('type'),
  ]
  const states = options.choices('state', STATES)
  const perSecond = options.integer('per-second', 1, 1_000_000)
  const { jobId } = await client.webhooks.deliveries.replay(
    {
      since,
      ...(until !== undefined && { until }),
      ...(endpoint !== undefined && { endpoint }),
      ...(type !== undefined && { type }),
      ...(states.length > 0 && { states }),
      ...(perSecond !== undefined && { perSecond }),
    },
    { signal },
  )
  await output.result({ jobId }, `Replay ${jobId} has begun`)
  return true
}
