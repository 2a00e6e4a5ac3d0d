import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Sender } from '../outbound/sender.ts'
import { WebhookError } from '../webhook-error.ts'
import { isTenant } from '../events/tenant.ts'
import { createEndpointId } from './endpoint-id.ts'
import {
  DEFAULT_ENDPOINT_SETTINGS,
  readEndpointSettings,
  type EndpointRules,
} from './endpoint-input.ts'
import type { EndpointStore } from './endpoint-store.ts'
import {
  endpointOf,
  type CreatedEndpoint,
  type CreateEndpointOptions,
  type EndpointRecord,
  type EndpointSecret,
  type UpdateEndpointOptions,
  type WebhookEndpoint,
} from './endpoint.ts'
import { createSigningSecret, kindOfSecret, readSigningSecret } from './signing-secret.ts'
import { challengeEndpoint, type Verification } from './verify-endpoint.ts'

/** Where webhooks go. Each method that takes an id rejects with `endpoint_not_found` when there is none, unless it says otherwise. */
export interface Endpoints {
  /**
   * @returns The endpoint with its secret, which is not shown again
   * @throws WebhookError `invalid_endpoint`, `url_blocked` or `too_many_endpoints`
   */
  create(options: CreateEndpointOptions): Promise<CreatedEndpoint>
  /** @returns The endpoint, or `null` when there is none */
  get(id: string): Promise<WebhookEndpoint | null>
  /** All endpoints of a tenant. Default tenant `default`. */
  list(options?: { readonly tenant?: string }): AsyncIterable<WebhookEndpoint>
  /** One page of them. `limit` 1 to 1,000, default 100. */
  page(options?: {
    readonly tenant?: string
    readonly limit?: number
    readonly cursor?: string
  }): Promise<EndpointPage>
  /**
   * Changes what is given. Another `url` closes the circuit and, where verification is required, needs a new one.
   *
   * @throws WebhookError `invalid_endpoint` or `url_blocked`
   */
  update(id: string, options: UpdateEndpointOptions): Promise<WebhookEndpoint>
  /** Deletes it; what is on its way to it is cancelled. @returns Whether there was one */
  delete(id: string): Promise<boolean>
  /**
   * Lets it have webhooks again. What was held meanwhile stays so until `deliveries.recover()`.
   *
   * @throws WebhookError `endpoint_unverified`
   */
  enable(id: string): Promise<WebhookEndpoint>
  /** Stops its webhooks; events that come meanwhile are held. */
  disable(id: string): Promise<WebhookEndpoint>
  /**
   * Gives it a new secret. The old ones sign along for `overlapMs` (default 24 hours, 0 to 30 days), so that the receiver
   * can change over at any time in between.
   *
   * @returns The new secret, which is not shown again
   */
  rotateSecret(
    id: string,
    options?: { readonly overlapMs?: number; readonly secret?: string },
  ): Promise<{ readonly secret: EndpointSecret }>
  /** Sends it a challenge; the right answer verifies it, and enables it where it waited for that. */
  verify(id: string): Promise<Verification>
}

export interface EndpointPage {
  readonly endpoints: readonly WebhookEndpoint[]
  readonly cursor: string | null
}

/** What {@link createEndpoints} stands on. */
export interface EndpointsOptions {
  readonly store: EndpointStore
  /** Keeps how each endpoint did. */
  readonly log: { forgetHealth(endpointId: string): Promise<void> }
  readonly sender: Sender
  readonly rules: EndpointRules
  readonly clock: Clock
  readonly random: RandomSource
  readonly shards: number
  readonly verificationRequired: boolean
}

const DAY_MS = 86_400_000
const MAX_OVERLAP_MS = 30 * DAY_MS
/** Signatures of one request: more would not fit the headers that receivers take. */
const MAX_SECRETS = 5

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { store, log, sender, rules, clock, random, shards, verificationRequired } = options

  async function found(id: string): Promise<EndpointRecord> {
    const record = await store.get(id)
    if (record === null) throw notFound()
    return record
  }

  async function changed(
    id: string,
    decide: (record: EndpointRecord) => EndpointRecord | null,
  ): Promise<EndpointRecord> {
    const record = await store.change(id, decide)
    if (record === null) throw notFound()
    return record
  }

  return {
    async create(given) {
      const { tenant = 'default', signature = 'v1', secret } = given
      if (!isTenant(tenant))
        throw new WebhookError(
          'invalid_endpoint',
          'Cannot use endpoint tenant: it is not 1 to 64 characters of A–Z a–z 0–9 _ -',
        )
      const { url, ...settings } = {
        ...DEFAULT_ENDPOINT_SETTINGS,
        ...readEndpointSettings(given, rules),
      }
      if (url === undefined)
        throw new WebhookError('invalid_endpoint', 'Cannot create endpoint: url is absent')
      const { signing, shown } = await (secret === undefined
        ? createSigningSecret(signature, random)
        : readSigningSecret(secret, signature))
      const now = clock.now()
      const shard = Math.floor(random.fraction() * shards)
      const record: EndpointRecord = {
        id: createEndpointId({ tenant, shard }, random),
        tenant,
        url,
        ...settings,
        enabled: !verificationRequired,
        disabledReason: verificationRequired ? 'unverified' : null,
        verifiedAt: null,
        createdAt: now,
        updatedAt: now,
        secrets: [{ secret: signing, until: null }],
      }
      await store.insert(record)
      return { ...endpointOf(record), secret: shown }
    },
    async get(id) {
      const record = await store.get(id)
      return record === null ? null : endpointOf(record)
    },
    async *list({ tenant = 'default' } = {}) {
      for await (const record of store.all(tenant)) yield endpointOf(record)
    },
    async page({ tenant = 'default', limit = 100, cursor } = {}) {
      const page = await store.page(tenant, { limit, ...(cursor !== undefined && { cursor }) })
      return { endpoints: page.endpoints.map(endpointOf), cursor: page.cursor }
    },
    async update(id, given) {
      const settings = readEndpointSettings(given, rules)
      const before = await found(id)
      const moved = settings.url !== undefined && settings.url !== before.url
      // First, because once the new URL is stored it must not be judged by the failures of the old one.
      if (moved) await log.forgetHealth(id)
      const unverified = moved && verificationRequired
      return endpointOf(
        await changed(id, (record) => ({
          ...record,
          ...settings,
          ...(moved && { verifiedAt: null }),
          ...(unverified && { enabled: false, disabledReason: 'unverified' }),
          updatedAt: clock.now(),
        })),
      )
    },
    async delete(id) {
      const removed = await store.remove(id)
      if (removed) await log.forgetHealth(id)
      return removed
    },
    async enable(id) {
      const { verifiedAt } = await found(id)
      if (verificationRequired && verifiedAt === null)
        throw new WebhookError(
          'endpoint_unverified',
          'Cannot enable endpoint: it has not answered its challenge, call endpoints.verify() first',
        )
      await log.forgetHealth(id)
      return endpointOf(
        await changed(id, (record) =>
          record.enabled
            ? null
            : { ...record, enabled: true, disabledReason: null, updatedAt: clock.now() },
        ),
      )
    },
    async disable(id) {
      return endpointOf(
        await changed(id, (record) =>
          record.enabled
            ? { ...record, enabled: false, disabledReason: 'manual', updatedAt: clock.now() }
            : null,
        ),
      )
    },
    async rotateSecret(id, { overlapMs = DAY_MS, secret } = {}) {
      if (!(overlapMs >= 0 && overlapMs <= MAX_OVERLAP_MS))
        throw new RangeError(
          `Cannot rotate secret: overlapMs is ${overlapMs}, 0 to ${MAX_OVERLAP_MS} allowed`,
        )
      const kind = kindOfSecret((await found(id)).secrets[0]?.secret ?? '')
      const { signing, shown } = await (secret === undefined
        ? createSigningSecret(kind, random)
        : readSigningSecret(secret, kind))
      await changed(id, (record) => {
        const now = clock.now()
        const older = record.secrets
          .map(({ secret: old, until }) => ({
            secret: old,
            until: Math.min(until ?? Infinity, now + overlapMs),
          }))
          .filter(({ secret: old, until }) => until > now && old !== signing)
        return {
          ...record,
          secrets: [{ secret: signing, until: null }, ...older].slice(0, MAX_SECRETS),
          updatedAt: now,
        }
      })
      return { secret: shown }
    },
    async verify(id) {
      const endpoint = await found(id)
      const verification = await challengeEndpoint(endpoint, { sender, clock, random })
      if (!verification.verified) return verification
      const after = await changed(id, (record) => {
        if (record.url !== endpoint.url) return null
        const waited = record.disabledReason === 'unverified'
        return {
          ...record,
          verifiedAt: clock.now(),
          ...(waited && { enabled: true, disabledReason: null }),
          updatedAt: clock.now(),
        }
      })
      if (after.url === endpoint.url) return verification
      return {
        verified: false,
        reason: 'wrong_answer',
        message: 'The url was changed while the challenge was under way',
      }
    },
  }
}

function notFound(): WebhookError {
  return new WebhookError('endpoint_not_found', 'Cannot find endpoint: none has this id')
}
