import { keepLoaded } from '../../../primitives/late-methods.ts'
import type {
  AtomicStore,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Channel } from '../channels/channel.ts'
import type { CheckedCap } from '../preferences/frequency-caps.ts'
import { allows } from '../preferences/allows.ts'
import type { Preferences } from '../preferences/preferences.ts'
import { userPartition } from '../preferences/user-partition.ts'
import { addressKey } from '../suppression/address-key.ts'
import type { SuppressionList } from '../suppression/suppressions.ts'

/** What the gate needs to know of a message. */
export interface GateQuestion {
  readonly id: string
  readonly channel: Channel
  /** Addresses; none for channels without. */
  readonly recipients: readonly string[]
  /** So many of the first are whom it is for; the others get copies. */
  readonly primary: number
  readonly category: string | null
  readonly userId: string | null
  /** Must arrive: neither preferences nor quiet hours, caps or unsubscriptions hold it up. */
  readonly critical: boolean
}

/** Whether a message may be sent now, and to whom. */
export type GateVerdict =
  | { readonly kind: 'go'; readonly recipients: readonly string[] }
  | { readonly kind: 'stop'; readonly status: 'suppressed' | 'skipped'; readonly reason: string }
  /** Not before `until`, ms since 1970. */
  | { readonly kind: 'wait'; readonly until: number }

/** The one place that says whether a message may be sent. */
export interface Gate {
  ask(question: GateQuestion): Promise<GateVerdict>
  /** Counts the message for the caps of its recipient. @returns Whether there was room */
  takeRoom(question: GateQuestion): Promise<boolean>
  /** Counts the message no more: nobody got it. */
  giveRoom(question: GateQuestion): Promise<void>
}

/** What {@link createGate} needs. */
export interface GateOptions {
  readonly store: AtomicStore
  readonly clock: Clock
  readonly random: RandomSource
  readonly suppressions: SuppressionList
  readonly preferences: Preferences
  readonly caps: readonly CheckedCap[]
}

/** Where messages of one person are counted. */
interface CountedRoom {
  readonly partition: StorePartition
  readonly key: string
  readonly by: readonly CheckedCap[]
}

const loadHours = keepLoaded(() => import('../preferences/quiet-end.ts'))
const loadCaps = keepLoaded(async () => {
  const [caps, waiting] = await Promise.all([
    import('../preferences/frequency-caps.ts'),
    import('../preferences/outlast-others.ts'),
  ])
  return { ...caps, ...waiting }
})

export function createGate(options: GateOptions): Gate {
  const { store, clock, random, suppressions, preferences, caps } = options

  async function askPreferences(question: GateQuestion): Promise<GateVerdict | null> {
    const { channel, category, userId, critical } = question
    if (userId === null || critical) return null
    const wanted = await preferences.get(userId)
    if (!allows(wanted, channel, category))
      return { kind: 'stop', status: 'skipped', reason: 'preference' }
    // What waits in an inbox or in a chat's channel disturbs nobody.
    if (wanted.quietHours === undefined || channel === 'inbox' || channel === 'chat') return null
    const { quietEnd } = await loadHours()
    const until = quietEnd(clock.now(), wanted.quietHours)
    return until === null ? null : { kind: 'wait', until }
  }

  async function askSuppressions(question: GateQuestion): Promise<GateVerdict> {
    const { channel, recipients, primary, category, critical } = question
    if (channel !== 'email' && channel !== 'sms') return { kind: 'go', recipients }
    const found = await suppressions.findAll(channel, recipients, category, critical)
    const [stop, ...more] = found.slice(0, primary).filter((each) => each !== null)
    // Copies alone are not what was asked for.
    if (stop !== undefined && more.length + 1 === primary)
      return { kind: 'stop', status: 'suppressed', reason: stop.reason }
    return { kind: 'go', recipients: recipients.filter((_, index) => found[index] === null) }
  }

  /** @returns Where messages of the recipient are counted, and for which caps; `null` for none */
  function countedFor({
    channel,
    category,
    userId,
    critical,
    recipients: [recipient],
  }: GateQuestion): CountedRoom | null {
    const by = critical ? [] : capsFor(caps, channel, category)
    if (by.length === 0) return null
    if (userId !== null) return { partition: userPartition(store, userId), key: 'caps', by }
    if (recipient === undefined) return null
    const person = `${channel}:${recipient.toLowerCase()}`
    const { partition, key } = addressKey('notifications:caps', person)
    return { partition: store.partition(partition), key, by }
  }

  return {
    async ask(question) {
      const [refused, verdict] = await Promise.all([
        askPreferences(question),
        askSuppressions(question),
      ])
      // An address that nothing is sent to need not be waited for.
      return verdict.kind === 'stop' ? verdict : (refused ?? verdict)
    },
    async takeRoom(question) {
      const counted = countedFor(question)
      if (counted === null) return true
      const { takeRoom, outlastOthers } = await loadCaps()
      const { partition, key, by } = counted
      return outlastOthers({ clock, random }, () =>
        takeRoom(partition, key, by, question.id, clock.now()),
      )
    },
    async giveRoom(question) {
      const counted = countedFor(question)
      if (counted === null) return
      const { giveRoom, outlastOthers } = await loadCaps()
      await outlastOthers({ clock, random }, () =>
        giveRoom(counted.partition, counted.key, question.id),
      )
    },
  }
}

/** The caps that a message counts for. */
function capsFor(
  caps: readonly CheckedCap[],
  channel: Channel,
  category: string | null,
): readonly CheckedCap[] {
  return caps.filter(
    (cap) =>
      (cap.channel === null || cap.channel === channel) &&
      (cap.category === null || cap.category === category),
  )
}
