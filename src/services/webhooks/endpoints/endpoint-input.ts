import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { UrlDecision } from '../outbound/url-policy.ts'
import { WebhookError } from '../webhook-error.ts'
import { readContentFilter } from './content-filter.ts'
import { readCustomHeaders } from './endpoint-headers.ts'
import type { EndpointRecord, UpdateEndpointOptions } from './endpoint.ts'
import { isEventPattern } from '../events/event-pattern.ts'
import { isTenant } from '../events/tenant.ts'

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

const SETTINGS = ['url', 'description', 'events', 'filter', 'headers', 'transform', 'rateLimit']
const IDENTITY = ['tenant', 'uid', 'signature', 'secret']
const AT_FIRST = ['enabled']

/**
 * Checks the names of what is given: one that means nothing would leave an endpoint as nobody
 * wanted it, without a word.
 *
 * @param kind What an endpoint is `create`d with, or what of it can be `update`d
 * @returns A copy
 * @throws WebhookError `invalid_endpoint`
 */
export function checkEndpointNames<Given extends object>(
  given: Given,
  kind: 'create' | 'update',
): Given {
  const options: unknown = given
  if (typeof options !== 'object' || options === null)
    throw invalid('options', 'they are no object, one is needed')
  const known = kind === 'create' ? [...SETTINGS, ...IDENTITY, ...AT_FIRST] : SETTINGS
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown === undefined) return { ...given }
  throw invalid(
    JSON.stringify(unknown.slice(0, 50)),
    kind === 'update' && IDENTITY.includes(unknown)
      ? 'it is fixed when the endpoint is created'
      : `it is not known, ${known.join(', ')} are`,
  )
}

/** @throws WebhookError `invalid_endpoint` when it is no tenant's name */
export function readTenant(tenant: unknown): string {
  if (typeof tenant === 'string' && isTenant(tenant)) return tenant
  throw invalid('tenant', 'it is not 1 to 64 characters of A–Z a–z 0–9 _ -')
}

/** @throws WebhookError `invalid_endpoint` when it is no uid */
export function readUid(uid: unknown): string {
  if (typeof uid === 'string' && /^[\w.-]{1,128}$/.test(uid)) return uid
  throw invalid('uid', 'it is not 1 to 128 characters of A–Z a–z 0–9 . _ -')
}

/** @throws WebhookError `invalid_endpoint` when it is neither `true` nor `false` */
export function readEnabled(enabled: unknown): boolean {
  if (typeof enabled === 'boolean') return enabled
  throw invalid('enabled', 'it is neither true nor false')
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
  const read = readContentFilter(filter)
  if (!read.ok) throw invalid('filter', read.fault)
  return read.filter
}

function readHeaders(
  headers: NonNullable<UpdateEndpointOptions['headers']>,
): EndpointSettings['headers'] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw invalid('headers', 'it is no object')
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
  const action = 'use endpoint rateLimit'
  try {
    checkOptions(action, rateLimit, ['limit', 'window'])
    return {
      limit: checkInteger(action, 'limit', rateLimit.limit, 1, MAX_RATE_LIMIT),
      windowMs: checkDuration(action, 'window', rateLimit.window, 1, MAX_RATE_WINDOW_MS),
    }
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    throw new WebhookError('invalid_endpoint', cause.message, { cause })
  }
}

function invalid(property: string, fault: string, options?: ErrorOptions): WebhookError {
  return new WebhookError('invalid_endpoint', `Cannot use endpoint ${property}: ${fault}`, options)
}
