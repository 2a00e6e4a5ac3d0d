import type { UrlDecision } from '../outbound/url-policy.ts'
import { WebhookError } from '../webhook-error.ts'
import { faultOfContentFilter } from './content-filter.ts'
import { readCustomHeaders } from './endpoint-headers.ts'
import type { EndpointRecord, UpdateEndpointOptions } from './endpoint.ts'
import { isEventPattern } from '../events/event-pattern.ts'

/** The part of a record that its owner chooses. */
export type EndpointSettings = Pick<
  EndpointRecord,
  'url' | 'description' | 'events' | 'filter' | 'headers' | 'transform' | 'rateLimit'
>

/** What an endpoint's properties are checked against. */
export interface EndpointRules {
  decideUrl(url: string): UrlDecision
  readonly transformNames: readonly string[]
}

const MAX_DESCRIPTION_CHARACTERS = 500
const MAX_PATTERNS = 100
const MAX_RATE_LIMIT = 100_000
const MAX_RATE_WINDOW_MS = 86_400_000

/** What a new endpoint has where nothing else is said. */
export const DEFAULT_ENDPOINT_SETTINGS: Omit<EndpointSettings, 'url'> = {
  description: '',
  events: ['*'],
  filter: null,
  headers: {},
  transform: null,
  rateLimit: null,
}

/**
 * Checks and copies what is given; nothing else is in the result.
 *
 * @throws WebhookError `invalid_endpoint` or `url_blocked`, naming the property
 */
export function readEndpointSettings(
  given: UpdateEndpointOptions,
  { decideUrl, transformNames }: EndpointRules,
): Partial<EndpointSettings> {
  const { url, description, events, filter, headers, transform, rateLimit } = given
  return {
    ...(url !== undefined && { url: readUrl(url, decideUrl) }),
    ...(description !== undefined && { description: readDescription(description) }),
    ...(events !== undefined && { events: readEvents(events) }),
    ...(filter !== undefined && { filter: filter === null ? null : readFilter(filter) }),
    ...(headers !== undefined && { headers: readHeaders(headers) }),
    ...(transform !== undefined && { transform: readTransform(transform, transformNames) }),
    ...(rateLimit !== undefined && { rateLimit: readRateLimit(rateLimit) }),
  }
}

function readUrl(url: unknown, decideUrl: EndpointRules['decideUrl']): string {
  if (typeof url !== 'string') throw invalid('url', 'it is no text')
  const decision = decideUrl(url)
  if (decision.ok) return url
  throw new WebhookError('url_blocked', `Cannot use endpoint url: ${decision.detail}`)
}

function readDescription(description: unknown): string {
  if (typeof description === 'string' && description.length <= MAX_DESCRIPTION_CHARACTERS)
    return description
  throw invalid('description', `it is no text of at most ${MAX_DESCRIPTION_CHARACTERS} characters`)
}

function readEvents(events: unknown): readonly string[] {
  if (!Array.isArray(events) || events.length < 1 || events.length > MAX_PATTERNS)
    throw invalid('events', `it is no list of 1 to ${MAX_PATTERNS} event types`)
  return events.map((pattern: unknown) => {
    if (typeof pattern === 'string' && isEventPattern(pattern)) return pattern
    throw invalid('events', 'one of them is no event type, words with dots between or * are needed')
  })
}

function readFilter(
  filter: NonNullable<UpdateEndpointOptions['filter']>,
): EndpointSettings['filter'] {
  const fault = faultOfContentFilter(filter)
  if (fault !== null) throw invalid('filter', fault)
  return structuredClone(filter)
}

function readHeaders(
  headers: NonNullable<UpdateEndpointOptions['headers']>,
): EndpointSettings['headers'] {
  if (typeof headers !== 'object' || headers === null) throw invalid('headers', 'it is no object')
  const read = readCustomHeaders(headers)
  if (!read.ok) throw invalid('headers', read.fault)
  return read.headers
}

function readTransform(transform: unknown, known: readonly string[]): string | null {
  if (transform === null) return null
  if (typeof transform === 'string' && known.includes(transform)) return transform
  throw invalid('transform', `it is none of ${known.join(', ') || 'the (no) known ones'}`)
}

function readRateLimit(
  rateLimit: NonNullable<UpdateEndpointOptions['rateLimit']> | null,
): EndpointSettings['rateLimit'] {
  if (rateLimit === null) return null
  const { limit, windowMs } = rateLimit
  if (!isWithin(limit, MAX_RATE_LIMIT))
    throw invalid('rateLimit.limit', `it is no integer from 1 to ${MAX_RATE_LIMIT}`)
  if (!isWithin(windowMs, MAX_RATE_WINDOW_MS))
    throw invalid('rateLimit.windowMs', `it is no integer from 1 to ${MAX_RATE_WINDOW_MS}`)
  return { limit, windowMs }
}

function isWithin(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most
}

function invalid(property: string, fault: string): WebhookError {
  return new WebhookError('invalid_endpoint', `Cannot use endpoint ${property}: ${fault}`)
}
