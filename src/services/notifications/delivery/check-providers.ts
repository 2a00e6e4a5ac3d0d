import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { RateLimit } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { Channel } from '../channels/channel.ts'
import type { Provider } from '../providers/provider.ts'
import type { ProviderEntry, ProviderSettings } from './provider-pool.ts'

/** A provider whose settings were checked. */
export interface CheckedEntry<Sender> {
  readonly provider: Sender
  readonly weight: number | undefined
  readonly limit: (RateLimit & { readonly limit: number }) | null
}

const ACTION = 'create notifications'

/** @throws TypeError or RangeError when an entry is malformed, or two have one name */
export function checkProviders<Sender extends Provider<never>>(
  channel: Channel,
  entries: readonly ProviderEntry<Sender>[],
): readonly CheckedEntry<Sender>[] {
  const given: unknown = entries
  if (!Array.isArray(given))
    throw new TypeError(`Cannot ${ACTION}: ${channel} is no list of providers`)
  const checked = entries.map((entry) => checkEntry(channel, entry))
  const names = checked.map(({ provider }) => provider.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return checked
  throw new TypeError(
    `Cannot ${ACTION}: ${channel} has two providers with the name ${JSON.stringify(twice)}`,
  )
}

function checkEntry<Sender extends Provider<never>>(
  channel: Channel,
  entry: ProviderEntry<Sender>,
): CheckedEntry<Sender> {
  const given: unknown = entry
  const settings: ProviderSettings<Sender> =
    typeof given === 'object' && given !== null && 'provider' in given
      ? (entry as ProviderSettings<Sender>)
      : { provider: entry as Sender }
  const provider: { readonly name?: unknown; readonly send?: unknown } | undefined =
    settings.provider
  if (typeof provider?.send !== 'function' || typeof provider.name !== 'string')
    throw new TypeError(
      `Cannot ${ACTION}: ${channel} has an entry that is no provider, sendgrid({ apiKey }) or the like expected`,
    )
  checkOptions(ACTION, settings, ['provider'], ['weight', 'rateLimit'])
  const { weight, rateLimit } = settings
  if (weight !== undefined) checkNumber(ACTION, 'weight', weight, 0, 1000)
  return {
    provider: settings.provider,
    weight,
    limit: rateLimit === undefined ? null : checkLimit(rateLimit),
  }
}

function checkLimit(rateLimit: {
  readonly limit: number
  readonly window: Duration
}): RateLimit & { readonly limit: number } {
  checkOptions(ACTION, rateLimit, ['limit', 'window'])
  const { limit, window } = rateLimit
  return {
    algorithm: 'gcra',
    name: 'provider',
    limit: checkInteger(ACTION, 'rateLimit.limit', limit, 1, 1_000_000),
    windowMs: checkDuration(ACTION, 'rateLimit.window', window, 10, 86_400_000),
  }
}
