import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Sender } from '../outbound/sender.ts'
import { WebhookError } from '../webhook-error.ts'
import { checkTenant, DEFAULT_TENANT } from '../events/tenant.ts'
import { createEndpointId, readEndpointId } from './endpoint-id.ts'
import {
  checkEndpointNames,
  DEFAULT_ENDPOINT_SETTINGS,
  readEnabled,
  readEndpointSettings,
  readTenant,
  readUid,
  type EndpointRules,
} from './endpoint-input.ts'
import { isEndpointCursor, type EndpointStore } from './endpoint-store.ts'
import {
  endpointOf,
  type CreatedEndpoint,
  type CreateEndpointOptions,
  type EndpointRecord,
  type EndpointSecret,
  type ExistingEndpoint,
  type UpdateEndpointOptions,
  type WebhookEndpoint,
} from './endpoint.ts'
import type { KnownTenants } from './known-tenants.ts'
import { createSigningSecret, kindOfSecret, readSigningSecret } from './signing-secret.ts'
import { challengeEndpoint, type Verification } from './verify-endpoint.ts'

/**
 * Where webhooks go. Each method that takes an id rejects with `endpoint_not_found` when there is
 * none, unless it says otherwise.
 */
export interface Endpoints {
  /**
   * @returns The endpoint with its secret, which is not shown again. With a `uid` that the tenant
   *   has used already: the endpoint that is there, unchanged, its secret `null`
   * @throws WebhookError `invalid_endpoint`, `url_blocked` or `too_many_endpoints`
   */
  create(options: CreateEndpointOptions & { readonly uid?: never }): Promise<CreatedEndpoint>
  create(options: CreateEndpointOptions): Promise<CreatedEndpoint | ExistingEndpoint>
  /** @returns The endpoint, or `null` when there is none */
  get(id: string): Promise<WebhookEndpoint | null>
  /**
   * @param options Default tenant `default`
   * @returns The endpoint that was created with this `uid`, or `null` when there is none
   * @throws WebhookError `invalid_query`
   */
  find(uid: string, options?: { readonly tenant?: string }): Promise<WebhookEndpoint | null>
  /**
   * All endpoints of a tenant. Default tenant `default`.
   *
   * @throws WebhookError `invalid_query`
   */
  list(options?: { readonly tenant?: string }): AsyncIterable<WebhookEndpoint>
  /**
   * One page of them. `limit` 1 to 1,000, default 100.
   *
   * @throws WebhookError `invalid_query`
   */
  page(options?: {
    readonly tenant?: string
    readonly limit?: number
    readonly cursor?: string
  }): Promise<EndpointPage>
  /**
   * Changes what is given. Another `url` closes the circuit and, where verification is required,
   * needs a new one. One of another origin needs the `headers` anew, if there are any: they may
   * hold secrets of the receiver before.
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
   * Gives it a new secret. The old ones sign along for `overlap` (default 24 hours, at most 30
   * days), so that the receiver can change over at any time in between. Five sign at once, at most.
   *
   * @returns The new secret, which is not shown again
   * @throws WebhookError `too_many_secrets` when one that still signs along would have to go
   */
  rotateSecret(
    id: string,
    options?: { readonly overlap?: Duration; readonly secret?: string },
  ): Promise<{ readonly secret: EndpointSecret }>
  /**
   * Sends it a challenge; the right answer verifies it, and enables it where it waited for that.
   */
  verify(id: string): Promise<Verification>
}

export interface EndpointPage {
  readonly endpoints: readonly WebhookEndpoint[]
  readonly cursor: string | null
}

/** What {@link createEndpoints} is given. */
export interface EndpointsOptions {
  readonly store: EndpointStore
  readonly tenants: KnownTenants
  /** Keeps how each endpoint did. */
  readonly log: { forgetHealth(endpointId: string): Promise<void> }
  readonly sender: Sender
  readonly rules: EndpointRules
  readonly clock: Clock
  readonly random: RandomSource
  readonly shards: number
  readonly verificationRequired: boolean
}

const MAX_OVERLAP_MS = 30 * 86_400_000
/** Signatures of one request: more would not fit the headers that receivers take. */
const MAX_SECRETS = 5

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { store, tenants, log, sender, rules, clock, random, shards, verificationRequired } =
    options

  /** Of a tenant that nobody knows nothing is looked for. */
  async function read(id: string): Promise<EndpointRecord | null> {
    const tenant = readEndpointId(id)?.tenant
    return tenant !== undefined && (await tenants.has(tenant)) ? store.get(id) : null
  }

  async function found(id: string): Promise<EndpointRecord> {
    const record = await read(id)
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

  async function findByUid(tenant: string, uid: string): Promise<EndpointRecord | null> {
    return (await tenants.has(tenant)) ? store.find(tenant, uid) : null
  }

  async function create(
    options: CreateEndpointOptions,
  ): Promise<CreatedEndpoint | ExistingEndpoint> {
    const given = checkEndpointNames(options, 'create')
    const { signature = 'v1', secret } = given
    const tenant = readTenant(given.tenant === undefined ? DEFAULT_TENANT : given.tenant)
    const uid = given.uid === undefined ? undefined : readUid(given.uid)
    const wanted = given.enabled === undefined || readEnabled(given.enabled)
    if (signature !== 'v1' && signature !== 'v1a')
      throw new WebhookError(
        'invalid_endpoint',
        'Cannot use endpoint signature: it is neither v1 nor v1a',
      )
    const { url, ...settings } = {
      ...DEFAULT_ENDPOINT_SETTINGS,
      ...readEndpointSettings(given, rules),
    }
    if (url === undefined)
      throw new WebhookError('invalid_endpoint', 'Cannot create endpoint: url is absent')
    const known = uid === undefined ? null : await findByUid(tenant, uid)
    if (known !== null) return { ...endpointOf(known), secret: null }
    const { signing, shown } = await (secret === undefined
      ? createSigningSecret(signature, random)
      : readSigningSecret(secret, signature))
    const now = clock.now()
    const shard = Math.floor(random.fraction() * shards)
    const record: EndpointRecord = {
      id: createEndpointId({ tenant, shard }, random),
      tenant,
      ...(uid !== undefined && { uid }),
      url,
      ...settings,
      enabled: wanted && !verificationRequired,
      // Who answers its challenge is enabled then, unless somebody wanted otherwise.
      disabledReason: wanted ? (verificationRequired ? 'unverified' : null) : 'manual',
      verifiedAt: null,
      createdAt: now,
      updatedAt: now,
      secrets: [{ secret: signing, until: null }],
    }
    await tenants.add(tenant)
    if (await store.insert(record)) return { ...endpointOf(record), secret: shown }
    // Another call has created it meanwhile.
    return create(options)
  }

  return {
    // Without a uid it is always a new one.
    create: create as Endpoints['create'],
    async get(id) {
      const record = await read(id)
      return record === null ? null : endpointOf(record)
    },
    async find(uid, options = {}) {
      checkOptions('find endpoint', options, [], ['tenant'])
      const tenant = checkTenant('find endpoint', options.tenant)
      if (typeof uid !== 'string') throw new TypeError('Cannot find endpoint: its uid is no text')
      const record = await findByUid(tenant, uid)
      return record === null ? null : endpointOf(record)
    },
    async *list(options = {}) {
      checkOptions('list endpoints', options, [], ['tenant'])
      const tenant = checkTenant('list endpoints', options.tenant)
      if (!(await tenants.has(tenant))) return
      for await (const record of store.all(tenant)) yield endpointOf(record)
    },
    async page(options = {}) {
      checkOptions('list endpoints', options, [], ['tenant', 'limit', 'cursor'])
      const { limit = 100, cursor } = options
      const tenant = checkTenant('list endpoints', options.tenant)
      checkInteger('list endpoints', 'limit', limit, 1, 1000)
      if (cursor !== undefined && !isEndpointCursor(cursor))
        throw new WebhookError(
          'invalid_query',
          'Cannot list endpoints: the cursor is malformed, one of a page before expected',
        )
      if (!(await tenants.has(tenant))) return { endpoints: [], cursor: null }
      const page = await store.page(tenant, { limit, ...(cursor !== undefined && { cursor }) })
      return { endpoints: page.endpoints.map(endpointOf), cursor: page.cursor }
    },
    async update(id, options) {
      const settings = readEndpointSettings(checkEndpointNames(options, 'update'), rules)
      const before = await found(id)
      checkHeadersFit(before, settings)
      const moved = settings.url !== undefined && settings.url !== before.url
      // First, because once the new URL is stored it must not be judged by the failures of the old
      // one.
      if (moved) await log.forgetHealth(id)
      const unverified = moved && verificationRequired
      return endpointOf(
        await changed(id, (record) => {
          checkHeadersFit(record, settings)
          return {
            ...record,
            ...settings,
            ...(moved && { verifiedAt: null }),
            ...(unverified && { enabled: false, disabledReason: 'unverified' }),
            updatedAt: clock.now(),
          }
        }),
      )
    },
    async delete(id) {
      const removed = (await read(id)) !== null && (await store.remove(id))
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
      await found(id)
      return endpointOf(
        await changed(id, (record) =>
          record.enabled
            ? { ...record, enabled: false, disabledReason: 'manual', updatedAt: clock.now() }
            : null,
        ),
      )
    },
    async rotateSecret(id, options = {}) {
      checkOptions('rotate secret', options, [], ['overlap', 'secret'])
      const { overlap = '24h', secret } = options
      const overlapMs = checkDuration('rotate secret', 'overlap', overlap, 0, MAX_OVERLAP_MS)
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
        if (older.length >= MAX_SECRETS)
          throw new WebhookError(
            'too_many_secrets',
            `Cannot rotate secret: ${older.length} others sign along, at most ${MAX_SECRETS} sign at once`,
          )
        return {
          ...record,
          secrets: [{ secret: signing, until: null }, ...older],
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

/** What was given for one receiver is not sent to another without being given for that one, too. */
function checkHeadersFit(
  { url, headers }: EndpointRecord,
  settings: Pick<UpdateEndpointOptions, 'url' | 'headers'>,
): void {
  if (settings.url === undefined || settings.headers !== undefined) return
  if (Object.keys(headers).length === 0) return
  if (new URL(settings.url).origin === new URL(url).origin) return
  throw new WebhookError(
    'invalid_endpoint',
    'Cannot use endpoint url: it has another origin than before, the headers must be given again, {} for none',
  )
}

function notFound(): WebhookError {
  return new WebhookError('endpoint_not_found', 'Cannot find endpoint: none has this id')
}
