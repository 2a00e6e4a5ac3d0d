import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { listMessages, type MessageQuery } from './list-messages.ts'
import type { MessageStatus } from './message-record.ts'
import type { TrackedMessage } from './tracked-message.ts'

/** How messages went. */
export interface MessageFigures {
  readonly total: number
  /** How many stand where. */
  readonly byStatus: Readonly<Partial<Record<MessageStatus, number>>>
  /** Taken by a provider. */
  readonly sent: number
  /** Shares of those that were sent, 0 to 1; 0 where none was. */
  readonly deliveredRate: number
  readonly openedRate: number
  readonly clickedRate: number
  readonly bouncedRate: number
  readonly complainedRate: number
  /** From being taken until being delivered, ms; `null` where none was reported. */
  readonly deliveryTimeMs: { readonly median: number; readonly p95: number } | null
}

/** {@link MessageFigures} of all messages, and of each part of them. */
export interface MessageAnalysis extends MessageFigures {
  readonly byChannel: Readonly<Record<string, MessageFigures>>
  readonly byProvider: Readonly<Record<string, MessageFigures>>
  readonly byTemplate: Readonly<Record<string, MessageFigures>>
}

/** Times that are kept for the median; of more, every other one is dropped again and again. */
const MOST_TIMES = 10_000

interface Tally {
  total: number
  readonly byStatus: Map<MessageStatus, number>
  sent: number
  delivered: number
  opened: number
  clicked: number
  bounced: number
  complained: number
  times: number[]
}

/** Walks through messages and counts them; memory does not grow with their number. */
export async function analyzeMessages(
  store: AtomicStore,
  query: MessageQuery = {},
): Promise<MessageAnalysis> {
  const all = newTally()
  const parts = {
    byChannel: new Map<string, Tally>(),
    byProvider: new Map<string, Tally>(),
    byTemplate: new Map<string, Tally>(),
  }
  for await (const message of listMessages(store, query)) {
    count(all, message)
    count(tallyIn(parts.byChannel, message.channel), message)
    if (message.provider !== null) count(tallyIn(parts.byProvider, message.provider), message)
    if (message.template !== null) count(tallyIn(parts.byTemplate, message.template), message)
  }
  const figures = (tallies: ReadonlyMap<string, Tally>): Record<string, MessageFigures> =>
    Object.fromEntries([...tallies].map(([name, tally]) => [name, figuresOf(tally)]))
  return {
    ...figuresOf(all),
    byChannel: figures(parts.byChannel),
    byProvider: figures(parts.byProvider),
    byTemplate: figures(parts.byTemplate),
  }
}

function newTally(): Tally {
  return {
    total: 0,
    byStatus: new Map(),
    sent: 0,
    delivered: 0,
    opened: 0,
    clicked: 0,
    bounced: 0,
    complained: 0,
    times: [],
  }
}

function tallyIn(tallies: Map<string, Tally>, name: string): Tally {
  const tally = tallies.get(name) ?? newTally()
  tallies.set(name, tally)
  return tally
}

function count(tally: Tally, { status, sentAt, deliveredAt, events }: TrackedMessage): void {
  const has = (...types: readonly string[]): number =>
    Number(events.some(({ type }) => types.includes(type)))
  tally.total++
  tally.byStatus.set(status, (tally.byStatus.get(status) ?? 0) + 1)
  tally.sent += Number(sentAt !== null)
  // Who has opened or clicked has got it, whether or not its provider says so.
  tally.delivered += Number(deliveredAt !== null) || has('opened', 'clicked')
  // Programs that open every mail and follow its links say nothing about its reader.
  const seen = events.filter(({ machine }) => !machine).map(({ type }) => type)
  tally.opened += Number(seen.includes('opened') || seen.includes('clicked'))
  tally.clicked += Number(seen.includes('clicked'))
  tally.bounced += has('bounced')
  tally.complained += has('complained')
  if (sentAt === null || deliveredAt === null) return
  tally.times.push(Math.max(deliveredAt - sentAt, 0))
  if (tally.times.length > MOST_TIMES)
    tally.times = tally.times.filter((_, index) => index % 2 === 0)
}

function figuresOf(tally: Tally): MessageFigures {
  const { total, byStatus, sent, delivered, opened, clicked, bounced, complained } = tally
  const rate = (part: number): number => (sent === 0 ? 0 : part / sent)
  const times = tally.times.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? 0
  return {
    total,
    byStatus: Object.fromEntries(byStatus),
    sent,
    deliveredRate: rate(delivered),
    openedRate: rate(opened),
    clickedRate: rate(clicked),
    bouncedRate: rate(bounced),
    complainedRate: rate(complained),
    deliveryTimeMs: times.length === 0 ? null : { median: at(0.5), p95: at(0.95) },
  }
}
