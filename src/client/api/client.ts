// Written by tools/write-client.ts from the gateway’s OpenAPI document.
import type { CallOptions } from '../call.ts'
import type { Pages } from '../pages.ts'

/** What the gateway’s document calls NewApiKey. */
export interface NewApiKey {
  readonly label: string
  readonly tenant?: string
  readonly scopes?: readonly Scope[]
  /** ms, or a number with its unit: 30s, 5m, 2h, 1d */
  readonly expiresIn?: number | string
  readonly requestsPerMinute?: number
  readonly operator?: boolean
}

/** What the gateway’s document calls Scope. */
export type Scope =
  | 'webhooks:read'
  | 'webhooks:write'
  | 'events:write'
  | 'jobs:read'
  | 'jobs:write'
  | 'notifications:read'
  | 'notifications:write'
  | 'payments:read'
  | 'payments:write'
  | 'files:read'
  | 'files:write'
  | 'keys:read'
  | 'keys:write'
  | 'portal:write'
  | 'audit:read'
  | 'metrics:read'

/** What the gateway’s document calls ShownApiKey. */
export interface ShownApiKey {
  readonly id: string
  readonly label: string
  readonly tenant: string | null
  readonly scopes: readonly Scope[]
  /** ms since 1970 */
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly requestsPerMinute?: number
  readonly key: string
}

/** What the gateway’s document calls PortalToken. */
export interface PortalToken {
  readonly id: string
  readonly token: string
  readonly tenant: string
  /** ms since 1970 */
  readonly expiresAt: number
}

/** What the gateway’s document calls ApiKey. */
export interface ApiKey {
  readonly id: string
  readonly label: string
  readonly tenant: string | null
  readonly scopes: readonly Scope[]
  /** ms since 1970 */
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly requestsPerMinute?: number
}

/** What the gateway’s document calls AuditEntry. */
export interface AuditEntry {
  readonly sequence: number
  /** ms since 1970 */
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly detail: unknown
  readonly requestId: string | null
  readonly previous: string
  readonly hash: string
}

/** What the gateway’s document calls DeliveryDetails. */
export interface DeliveryDetails {
  readonly id: string
  readonly tenant: string
  readonly eventId: string
  readonly eventType: string
  readonly endpointId: string
  readonly state: 'pending' | 'retrying' | 'delivered' | 'dead' | 'held' | 'cancelled'
  /** ms since 1970 */
  readonly createdAt: number
  /** ms since 1970 */
  readonly updatedAt: number
  readonly attempts: number
  readonly round: number
  readonly roundAttempts: number
  readonly nextAttemptAt: number | null
  readonly lastAttempt: {
    /** ms since 1970 */
    readonly at: number
    readonly durationMs: number
    readonly status: number | null
    readonly error: string | null
  } | null
  readonly lane: 'main' | 'slow' | null
  /** ms since 1970 */
  readonly keepUntil: number
  readonly transformed: boolean
  readonly attemptLog: readonly DeliveryAttempt[]
}

/** What the gateway’s document calls DeliveryAttempt. */
export interface DeliveryAttempt {
  readonly number: number
  readonly round: number
  /** ms since 1970 */
  readonly at: number
  readonly durationMs: number
  readonly host: string
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly status: number | null
  readonly error: {
    readonly code: string
    readonly message: string
  } | null
  readonly retryAfterMs: number | null
  readonly responseBody: string
  readonly responseTruncated: boolean
}

/** What the gateway’s document calls Delivery. */
export interface Delivery {
  readonly id: string
  readonly tenant: string
  readonly eventId: string
  readonly eventType: string
  readonly endpointId: string
  readonly state: 'pending' | 'retrying' | 'delivered' | 'dead' | 'held' | 'cancelled'
  /** ms since 1970 */
  readonly createdAt: number
  /** ms since 1970 */
  readonly updatedAt: number
  readonly attempts: number
  readonly round: number
  readonly roundAttempts: number
  readonly nextAttemptAt: number | null
  readonly lastAttempt: {
    /** ms since 1970 */
    readonly at: number
    readonly durationMs: number
    readonly status: number | null
    readonly error: string | null
  } | null
  readonly lane: 'main' | 'slow' | null
  /** ms since 1970 */
  readonly keepUntil: number
  readonly transformed: boolean
}

/** What the gateway’s document calls NewEvent. */
export interface NewEvent {
  readonly type: string
  readonly data: unknown
  readonly id?: string
  readonly tenant?: string
}

/** What the gateway’s document calls PublishedEvent. */
export interface PublishedEvent {
  readonly id: string
  readonly duplicate: boolean
  readonly deliveries: string
}

/** What the gateway’s document calls ReplayFilter. */
export interface ReplayFilter {
  readonly since: number
  readonly until?: number
  readonly endpoint?: string
  readonly type?: string
  readonly states?: readonly (
    | 'pending'
    | 'retrying'
    | 'delivered'
    | 'dead'
    | 'held'
    | 'cancelled'
  )[]
  readonly tenant?: string
  readonly perSecond?: number
}

/** What the gateway’s document calls StartedReplay. */
export interface StartedReplay {
  readonly jobId: string
}

/** What the gateway’s document calls Dispute. */
export interface Dispute {
  readonly reference: string
  readonly paymentReference: string
  readonly state: string
  readonly amount: Money
  readonly reason: string
  readonly dueAt: number | null
  readonly [more: string]: unknown
}

/** A decimal text with the currency’s decimals: { "amount": "49.90", "currency": "EUR" } */
export interface Money {
  readonly amount: string
  readonly currency: string
}

/** What the gateway’s document calls StoredFile. */
export interface StoredFile {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly contentType: string
}

/** What the gateway’s document calls NewTicket. */
export interface NewTicket {
  readonly key: string
  readonly method?: 'GET' | 'PUT'
  /** ms, or a number with its unit: 30s, 5m, 2h, 1d */
  readonly expiresIn?: number | string
  readonly maxBytes?: number
  readonly contentType?: string
  readonly ifNoneMatch?: '*'
  readonly filename?: string
  readonly disposition?: 'inline' | 'attachment'
}

/** What the gateway’s document calls NewJob. */
export interface NewJob {
  readonly name: string
  readonly data?: unknown
  readonly options?: Readonly<Record<string, unknown>>
}

/** What the gateway’s document calls AddedJob. */
export interface AddedJob {
  readonly id: string
  readonly added: boolean
}

/** What the gateway’s document calls Changed. */
export interface Changed {
  readonly changed: boolean
}

/** What the gateway’s document calls JobDetails. */
export interface JobDetails {
  readonly id: string
  readonly name: string
  readonly state:
    | 'ready'
    | 'scheduled'
    | 'active'
    | 'completed'
    | 'dead'
    | 'cancelled'
    | 'parked'
    | 'held'
    | 'blocked'
  readonly data: unknown
  readonly options: unknown
  readonly priority: number
  readonly attempt: number
  readonly maxAttempts: number
  readonly crashes?: number
  readonly token: number
  /** ms since 1970 */
  readonly addedAt: number
  readonly at: number | null
  readonly progress: unknown
  readonly result: unknown
  readonly lastError: unknown
  readonly tags?: readonly string[]
  readonly cancelRequested: boolean
  readonly logs: readonly string[]
}

/** What the gateway’s document calls Queue. */
export interface Queue {
  readonly name: string
  readonly paused: boolean
  readonly counts: {
    readonly ready: number
    readonly scheduled: number
    readonly active: number
    readonly completed: number
    readonly dead: number
    readonly cancelled: number
    readonly parked: number
    readonly held: number
    readonly blocked: number
  }
  readonly oldestAddedAt: number | null
  readonly kinds: readonly string[]
}

/** What the gateway’s document calls Job. */
export interface Job {
  readonly id: string
  readonly name: string
  readonly state:
    | 'ready'
    | 'scheduled'
    | 'active'
    | 'completed'
    | 'dead'
    | 'cancelled'
    | 'parked'
    | 'held'
    | 'blocked'
  readonly data: unknown
  readonly options: unknown
  readonly priority: number
  readonly attempt: number
  readonly maxAttempts: number
  readonly crashes?: number
  readonly token: number
  /** ms since 1970 */
  readonly addedAt: number
  readonly at: number | null
  readonly progress: unknown
  readonly result: unknown
  readonly lastError: unknown
  readonly tags?: readonly string[]
  readonly cancelRequested: boolean
}

/** What the gateway’s document calls NewListener. */
export interface NewListener {
  /** Any text that no other program has: its next connection replaces its last */
  readonly session: string
  readonly name?: string
  readonly events?: readonly string[]
  readonly tenant?: string
}

/** What the gateway’s document calls OpenListener. */
export interface OpenListener {
  readonly name: string
  readonly endpointId: string
  readonly events: readonly string[]
  /** What the receiver verifies with; the same each time for this name */
  readonly secret: string
  /** Path and query of the WebSocket, which wants the same credential */
  readonly socket: string
}

/** What the gateway’s document calls Suppression. */
export interface Suppression {
  readonly channel: 'email' | 'sms'
  readonly address: string
  readonly reason: 'bounce' | 'complaint' | 'unsubscribe' | 'provider' | 'manual'
  readonly category: string | null
  /** ms since 1970 */
  readonly since: number
  readonly until: number | null
}

/** What the gateway’s document calls TrackedMessage. */
export interface TrackedMessage {
  readonly id: string
  readonly channel: 'email' | 'sms' | 'push' | 'chat' | 'inbox'
  readonly status: string
  readonly provider: string | null
  /** ms since 1970 */
  readonly createdAt: number
  readonly events: readonly {
    readonly type: string
    /** ms since 1970 */
    readonly at: number
    readonly [more: string]: unknown
  }[]
  readonly [more: string]: unknown
}

/** What the gateway’s document calls Preferences. */
export type Preferences = Readonly<Record<string, unknown>>

/** What the gateway’s document calls UserNotification. */
export interface UserNotification {
  readonly user: {
    readonly id: string
    readonly [more: string]: unknown
  }
  readonly template: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly options?: Readonly<Record<string, unknown>>
}

/** What the gateway’s document calls NotifyResult. */
export interface NotifyResult {
  readonly id: string
  readonly status: 'sent' | 'queued' | 'none'
  readonly results: readonly {
    readonly channel: 'email' | 'sms' | 'push' | 'chat' | 'inbox'
    readonly status: string
    readonly [more: string]: unknown
  }[]
  readonly sendAt: number | null
}

/** What the gateway’s document calls TemplatePreview. */
export interface TemplatePreview {
  readonly template: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly locale?: string
  readonly format?: 'html' | 'text'
}

/** What the gateway’s document calls Message. */
export interface Message {
  readonly channel: 'email' | 'sms' | 'push' | 'chat'
  readonly to?: unknown
  readonly from?: unknown
  readonly subject?: string
  readonly text?: string
  readonly html?: string
  readonly message?: string
  readonly template?: string
  readonly data?: unknown
  readonly locale?: string
  readonly provider?: string
  readonly category?: string
  readonly userId?: string
  /** ms since 1970 */
  readonly sendAt?: number
  readonly queued?: boolean
  readonly [more: string]: unknown
}

/** What the gateway’s document calls SendResult. */
export interface SendResult {
  readonly id: string
  readonly status: 'sent' | 'queued' | 'suppressed' | 'skipped'
  readonly provider: string | null
  readonly providerMessageId: string | null
  readonly kept: boolean
  readonly reason: string | null
  readonly sendAt: number | null
  readonly message: string
}

/** What the gateway’s document calls Payment. */
export interface Payment {
  readonly id: string
  readonly provider: string
  readonly reference: string | null
  readonly state:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'succeeded'
    | 'canceled'
    | 'failed'
    | 'expired'
    | 'indeterminate'
  readonly amount: Money
  readonly amounts: {
    readonly authorized: Money
    readonly captured: Money
    readonly refunded: Money
    readonly disputed: Money
  }
  readonly refundable: Money
  readonly underpaid: boolean
  readonly nextAction: NextAction | null
  readonly decline: {
    readonly code: string
    readonly advice?: string
  } | null
  readonly risk: {
    readonly level: 'low' | 'medium' | 'high' | 'unknown'
    readonly [more: string]: unknown
  }
  readonly metadata: Readonly<Record<string, string>>
  /** ms since 1970 */
  readonly createdAt: number
  /** ms since 1970 */
  readonly updatedAt: number
  readonly version: number
}

/** What the gateway’s document calls NextAction. */
export interface NextAction {
  readonly type: 'redirect' | 'client_sdk' | 'client_verification' | 'display' | 'await'
  readonly [more: string]: unknown
}

/** What the gateway’s document calls NewPayment. */
export interface NewPayment {
  readonly operationId?: string
  readonly provider?: string
  readonly amount: Money
  readonly paymentMethod?: string
  readonly customer?: string
  readonly capture?: 'automatic' | 'manual'
  readonly confirm?: boolean
  readonly offSession?: boolean
  readonly saveMethod?: boolean
  readonly description?: string
  readonly statementDescriptor?: string
  readonly receiptEmail?: string
  readonly returnUrl?: string
  readonly cancelUrl?: string
  readonly threeDSecure?: 'automatic' | 'challenge'
  readonly metadata?: Readonly<Record<string, string>>
}

/** What the gateway’s document calls NewRefund. */
export interface NewRefund {
  readonly operationId?: string
  readonly provider?: string
  readonly payment: string
  readonly amount?: Money
  readonly reason?: string
}

/** What the gateway’s document calls Refund. */
export interface Refund {
  readonly id: string
  readonly paymentId: string
  readonly provider: string
  readonly reference: string | null
  readonly state: 'indeterminate' | 'pending' | 'succeeded' | 'failed' | 'canceled'
  readonly amount: Money
  readonly reason: string
  readonly failure: string | null
  /** ms since 1970 */
  readonly createdAt: number
  /** ms since 1970 */
  readonly updatedAt: number
}

/** What the gateway’s document calls Saga. */
export interface Saga {
  readonly id: string
  readonly version: number
  readonly input: unknown
  readonly status: 'running' | 'compensating' | 'completed' | 'compensated' | 'stuck'
  readonly steps: readonly {
    readonly name: string
    readonly state: string
    readonly attempts: number
    readonly [more: string]: unknown
  }[]
  readonly cause: {
    readonly step: string
    readonly [more: string]: unknown
  } | null
  readonly stuck: {
    readonly during: string
    readonly [more: string]: unknown
  } | null
}

/** What the gateway’s document calls Schedule. */
export interface Schedule {
  readonly id: string
  readonly schedule: {
    readonly kind: 'cron' | 'every'
    readonly [more: string]: unknown
  }
  readonly misfire: unknown
  readonly overlap: unknown
  readonly job: {
    readonly name: string
    readonly data: unknown
  }
  readonly paused: boolean
  readonly ended: boolean
  readonly nextRunAt: number | null
  readonly runs: number
}

/** What the gateway’s document calls NewSchedule. */
export interface NewSchedule {
  readonly name: string
  readonly data?: unknown
  readonly cron?: string
  /** ms, or a number with its unit: 30s, 5m, 2h, 1d */
  readonly every?: number | string
  readonly options?: Readonly<Record<string, unknown>>
}

/** What the gateway’s document calls Subscription. */
export interface Subscription {
  readonly id: string
  readonly provider: string
  readonly reference: string | null
  readonly state: string
  readonly plan: string | null
  readonly quantity: number
  readonly cancelAtPeriodEnd: boolean
  /** ms since 1970 */
  readonly createdAt: number
  /** ms since 1970 */
  readonly updatedAt: number
  readonly [more: string]: unknown
}

/** What the gateway’s document calls NewEndpoint. */
export interface NewEndpoint {
  readonly url: string
  readonly description?: string
  readonly events?: readonly string[]
  readonly filter?: Readonly<Record<string, unknown>> | null
  readonly headers?: Readonly<Record<string, unknown>>
  readonly transform?: string | null
  readonly rateLimit?: {
    readonly limit: number
    readonly window: number | string
  } | null
  readonly tenant?: string
  readonly uid?: string
  readonly signature?: 'v1' | 'v1a'
  readonly enabled?: boolean
}

/** What the gateway’s document calls CreatedEndpoint. */
export interface CreatedEndpoint {
  readonly id: string
  readonly tenant: string
  readonly uid: string | null
  readonly url: string
  readonly description: string
  readonly events: readonly string[]
  readonly filter: Readonly<Record<string, unknown>> | null
  readonly headerNames: readonly string[]
  readonly transform: string | null
  readonly rateLimit: {
    readonly limit: number
    readonly window: number
  } | null
  readonly enabled: boolean
  readonly disabledReason: 'manual' | 'gone' | 'failing' | 'unverified' | null
  readonly verifiedAt: number | null
  /** ms since 1970 */
  readonly createdAt: number
  /** ms since 1970 */
  readonly updatedAt: number
  /** What the receiver verifies with, shown this once; null for one that was there */
  readonly secret: string | null
}

/** What the gateway’s document calls Endpoint. */
export interface Endpoint {
  readonly id: string
  readonly tenant: string
  readonly uid: string | null
  readonly url: string
  readonly description: string
  readonly events: readonly string[]
  readonly filter: Readonly<Record<string, unknown>> | null
  readonly headerNames: readonly string[]
  readonly transform: string | null
  readonly rateLimit: {
    readonly limit: number
    readonly window: number
  } | null
  readonly enabled: boolean
  readonly disabledReason: 'manual' | 'gone' | 'failing' | 'unverified' | null
  readonly verifiedAt: number | null
  /** ms since 1970 */
  readonly createdAt: number
  /** ms since 1970 */
  readonly updatedAt: number
}

/** What the gateway’s document calls EndpointStats. */
export interface EndpointStats {
  readonly deliveries: number
  readonly delivered: number
  readonly dead: number
  readonly pending: number
  readonly successRate: number | null
  readonly attemptSuccessRate: number | null
  readonly latencyMs: {
    readonly p50: number
    readonly p95: number
    readonly p99: number
  } | null
}

/** What the gateway’s document calls EndpointChanges. */
export interface EndpointChanges {
  readonly url?: string
  readonly description?: string
  readonly events?: readonly string[]
  readonly filter?: Readonly<Record<string, unknown>> | null
  readonly headers?: Readonly<Record<string, unknown>>
  readonly transform?: string | null
  readonly rateLimit?: {
    readonly limit: number
    readonly window: number | string
  } | null
}

/** A gateway, every operation of it typed. See `createClient()`. */
export interface Client {
  /** All metrics of all isolates, for Prometheus. */
  metrics(input?: Readonly<Record<string, never>>, options?: CallOptions): Promise<Response>
  readonly audit: {
    /** List administrative acts, the oldest first. */
    list(
      input?: { readonly limit?: number; readonly cursor?: string },
      options?: CallOptions,
    ): Pages<
      {
        readonly entries: readonly AuditEntry[]
        /** Give it as `cursor` for the next page; null on the last one */
        readonly cursor: string | null
      },
      AuditEntry
    >
    /** Check that every entry of the audit log is there and as it was recorded. */
    verify(
      input?: Readonly<Record<string, never>>,
      options?: CallOptions,
    ): Promise<{
      readonly ok: boolean
      readonly entries: number
      readonly [more: string]: unknown
    }>
  }
  readonly disputes: {
    /** Give the money up. */
    accept(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
      },
      options?: CallOptions,
    ): Promise<Dispute>
    /** Read a dispute, by the provider’s id. */
    get(
      input: { readonly id: string; readonly provider?: string },
      options?: CallOptions,
    ): Promise<Dispute>
    /** List what customers have disputed, of the provider’s whole account. */
    list(
      input?: { readonly provider?: string; readonly cursor?: string; readonly limit?: number },
      options?: CallOptions,
    ): Pages<
      {
        readonly disputes: readonly Dispute[]
        /** Give it as `cursor` for the next page; null on the last one */
        readonly cursor: string | null
      },
      Dispute
    >
    /** Hand evidence in. */
    submitEvidence(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
        readonly evidence: Readonly<Record<string, unknown>>
      },
      options?: CallOptions,
    ): Promise<Dispute>
  }
  readonly events: {
    /** Publish an event: accepted by one durable write, its data sent byte for byte. */
    publish(input: NewEvent, options?: CallOptions): Promise<PublishedEvent>
  }
  readonly files: {
    /** Delete a file. */
    delete(input: { readonly key: string }, options?: CallOptions): Promise<undefined>
    /** Read a file, with ranges and conditions. */
    get(input: { readonly key: string }, options?: CallOptions): Promise<Response>
    /** List files by their keys. */
    list(
      input?: { readonly prefix?: string; readonly limit?: number; readonly cursor?: string },
      options?: CallOptions,
    ): Pages<
      {
        readonly blobs: readonly {
          readonly key: string
          readonly size: number
          readonly etag: string
          /** ms since 1970 */
          readonly lastModified: number
          readonly [more: string]: unknown
        }[]
        readonly prefixes: readonly string[]
        /** Give it as `cursor` for the next page; null on the last one */
        readonly cursor: string | null
      },
      {
        readonly key: string
        readonly size: number
        readonly etag: string
        /** ms since 1970 */
        readonly lastModified: number
        readonly [more: string]: unknown
      }
    >
    /** Store a file, streamed; `If-Match` and `If-None-Match: *` are kept to. */
    put(
      input: { readonly key: string; readonly body: BodyInit; readonly contentType?: string },
      options?: CallOptions,
    ): Promise<StoredFile>
    readonly tickets: {
      /** Read a file with a ticket. */
      read(
        input: { readonly tenant: string; readonly ticket: string },
        options?: CallOptions,
      ): Promise<Response>
      /** Sign a request for a file that others may make without a key, until it expires. */
      sign(
        input: NewTicket,
        options?: CallOptions,
      ): Promise<{
        readonly method: string
        readonly url: string
        readonly headers: Readonly<Record<string, string>>
        /** ms since 1970 */
        readonly expiresAt: number
      }>
    }
  }
  readonly health: {
    /** Whether the backend answers, and how fast. */
    get(
      input?: Readonly<Record<string, never>>,
      options?: CallOptions,
    ): Promise<{
      readonly status: string
      readonly [more: string]: unknown
    }>
    /** Whether the gateway runs at all. */
    live(input?: Readonly<Record<string, never>>, options?: CallOptions): Promise<Response>
    /** Whether it can do its work: every dependency, none by its address. */
    ready(input?: Readonly<Record<string, never>>, options?: CallOptions): Promise<Response>
  }
  readonly jobs: {
    /** Add a job; it is durable when this answers. */
    add(input: { readonly queue: string } & NewJob, options?: CallOptions): Promise<AddedJob>
    /** Add up to 1,000 jobs in one durable write, all or none. */
    addBulk(
      input: { readonly queue: string } & {
        readonly jobs: readonly NewJob[]
      },
      options?: CallOptions,
    ): Promise<{
      readonly jobs: readonly AddedJob[]
    }>
    /** Retry, cancel, promote or remove all the jobs that fit; the cursor goes on. */
    bulk(
      input: { readonly queue: string } & {
        readonly action: 'retry' | 'cancel' | 'promote' | 'remove'
        readonly state?:
          | 'ready'
          | 'scheduled'
          | 'active'
          | 'completed'
          | 'dead'
          | 'cancelled'
          | 'parked'
          | 'held'
          | 'blocked'
        readonly name?: string
        readonly tag?: string
        readonly idPrefix?: string
        readonly since?: number
        readonly until?: number
        readonly limit?: number
        readonly cursor?: string
      },
      options?: CallOptions,
    ): Promise<{
      readonly matched: number
      readonly changed: number
      /** Give it as `cursor` for the next page; null on the last one */
      readonly cursor: string | null
    }>
    /** Cancel a job that waits, or ask a running one to stop. */
    cancel(
      input: { readonly queue: string; readonly id: string },
      options?: CallOptions,
    ): Promise<Changed>
    /** Change the data, the delay or the priority of a job that waits. */
    change(
      input: { readonly queue: string; readonly id: string } & {
        readonly data?: unknown
        /** ms, or a number with its unit: 30s, 5m, 2h, 1d */
        readonly delay?: number | string
        readonly priority?: number | string
      },
      options?: CallOptions,
    ): Promise<Changed>
    /** Count the jobs that fit, or those of them that an action would change. */
    count(
      input: {
        readonly queue: string
        readonly state?:
          | 'ready'
          | 'scheduled'
          | 'active'
          | 'completed'
          | 'dead'
          | 'cancelled'
          | 'parked'
          | 'held'
          | 'blocked'
        readonly name?: string
        readonly tag?: string
        readonly idPrefix?: string
        readonly since?: number
        readonly until?: number
        readonly action?: 'retry' | 'cancel' | 'promote' | 'remove'
        readonly limit?: number
      },
      options?: CallOptions,
    ): Promise<{
      readonly count: number
      readonly complete: boolean
    }>
    /** Read a job with its history: attempts, last error, result and log lines. */
    get(
      input: { readonly queue: string; readonly id: string },
      options?: CallOptions,
    ): Promise<JobDetails>
    /** List the jobs that fit all that is asked for; a page may be short and not the last. */
    list(
      input: {
        readonly queue: string
        readonly state?:
          | 'ready'
          | 'scheduled'
          | 'active'
          | 'completed'
          | 'dead'
          | 'cancelled'
          | 'parked'
          | 'held'
          | 'blocked'
        readonly name?: string
        readonly tag?: string
        readonly idPrefix?: string
        readonly since?: number
        readonly until?: number
        readonly limit?: number
        readonly cursor?: string
      },
      options?: CallOptions,
    ): Pages<
      {
        readonly jobs: readonly Job[]
        /** Give it as `cursor` for the next page; null on the last one */
        readonly cursor: string | null
      },
      Job
    >
    /** Make a delayed or parked job ready now. */
    promote(
      input: { readonly queue: string; readonly id: string },
      options?: CallOptions,
    ): Promise<Changed>
    /** Remove a job that is not running. */
    remove(
      input: { readonly queue: string; readonly id: string },
      options?: CallOptions,
    ): Promise<undefined>
    /** Give a job that has ended all its attempts again. */
    retry(
      input: { readonly queue: string; readonly id: string },
      options?: CallOptions,
    ): Promise<Changed>
    /** What the requests of `deliver` jobs and `http` sagas are signed with (Standard Webhooks). */
    signingSecret(
      input?: Readonly<Record<string, never>>,
      options?: CallOptions,
    ): Promise<{
      readonly secret: string
    }>
    readonly queues: {
      /** Read a queue. */
      get(input: { readonly queue: string }, options?: CallOptions): Promise<Queue>
      /** List queues with the counts of their states. */
      list(
        input?: Readonly<Record<string, never>>,
        options?: CallOptions,
      ): Promise<{
        readonly queues: readonly Queue[]
      }>
      /** Hand out no more jobs; running ones go on. */
      pause(input: { readonly queue: string }, options?: CallOptions): Promise<Queue>
      /** Give many dead jobs all their attempts again. */
      redrive(
        input: { readonly queue: string } & Partial<{
          readonly state?: 'dead' | 'cancelled' | 'parked' | 'completed'
          readonly limit?: number
        }>,
        options?: CallOptions,
      ): Promise<{
        readonly redriven: number
      }>
      /** Hand out jobs again. */
      resume(input: { readonly queue: string }, options?: CallOptions): Promise<Queue>
    }
    readonly schedules: {
      /** Read a schedule. */
      get(
        input: { readonly queue: string; readonly id: string },
        options?: CallOptions,
      ): Promise<Schedule>
      /** List schedules. */
      list(
        input: { readonly queue: string; readonly limit?: number; readonly cursor?: string },
        options?: CallOptions,
      ): Pages<
        {
          readonly schedules: readonly Schedule[]
          /** Give it as `cursor` for the next page; null on the last one */
          readonly cursor: string | null
        },
        Schedule
      >
      /** Pause a schedule. */
      pause(
        input: { readonly queue: string; readonly id: string },
        options?: CallOptions,
      ): Promise<Changed>
      /** Add a job again and again, by cron or every so often; the same again changes nothing. */
      put(
        input: { readonly queue: string; readonly id: string } & NewSchedule,
        options?: CallOptions,
      ): Promise<Schedule>
      /** Remove a schedule. */
      remove(
        input: { readonly queue: string; readonly id: string },
        options?: CallOptions,
      ): Promise<undefined>
      /** Let a schedule run again. */
      resume(
        input: { readonly queue: string; readonly id: string },
        options?: CallOptions,
      ): Promise<Changed>
    }
  }
  readonly keys: {
    /** Create an API key; it is shown this once. None may do more than who makes it. */
    create(input: NewApiKey, options?: CallOptions): Promise<ShownApiKey>
    /** Read a key; its secret is not shown again. */
    get(
      input: { readonly id: string; readonly operators?: 'true' | 'false' },
      options?: CallOptions,
    ): Promise<ApiKey>
    /** List the keys of the tenant, or those of operators. */
    list(
      input?: {
        readonly operators?: 'true' | 'false'
        readonly limit?: number
        readonly cursor?: string
      },
      options?: CallOptions,
    ): Pages<
      {
        readonly keys: readonly ApiKey[]
        /** Give it as `cursor` for the next page; null on the last one */
        readonly cursor: string | null
      },
      ApiKey
    >
    /** Revoke a key. */
    revoke(
      input: { readonly id: string; readonly operators?: 'true' | 'false' },
      options?: CallOptions,
    ): Promise<undefined>
    /** Give a key a new secret; the old one is good for `overlap` more, by default an hour. */
    rotate(
      input: { readonly id: string; readonly operators?: 'true' | 'false' } & Partial<{
        /** ms, or a number with its unit: 30s, 5m, 2h, 1d */
        readonly overlap?: number | string
      }>,
      options?: CallOptions,
    ): Promise<ShownApiKey>
  }
  readonly notifications: {
    /** Tell a user something on the channels that they want and can be reached on. */
    notify(
      input: UserNotification,
      options?: CallOptions,
    ): Promise<
      | NotifyResult
      | {
          readonly id: string
          readonly status: string
          readonly [more: string]: unknown
        }
    >
    /** Send a message: 200 with what came of it, 202 when it waits. */
    send(input: Message, options?: CallOptions): Promise<SendResult>
    readonly messages: {
      /** Take a message back while it waits. */
      cancel(
        input: { readonly id: string },
        options?: CallOptions,
      ): Promise<{
        readonly cancelled: boolean
      }>
      /** Read where a message stands, and what happened to it. */
      get(input: { readonly id: string }, options?: CallOptions): Promise<TrackedMessage>
      /** List messages, latest first. */
      list(
        input?: {
          readonly channel?: 'email' | 'sms' | 'push' | 'chat' | 'inbox'
          readonly status?: string
          readonly template?: string
          readonly category?: string
          readonly since?: number
          readonly until?: number
          readonly limit?: number
          readonly cursor?: string
        },
        options?: CallOptions,
      ): Pages<
        {
          readonly messages: readonly TrackedMessage[]
          /** Give it as `cursor` for the next page; null on the last one */
          readonly cursor: string | null
        },
        TrackedMessage
      >
    }
    readonly preferences: {
      /** Read what a user wants to hear. */
      get(input: { readonly id: string }, options?: CallOptions): Promise<Preferences>
      /** Change what is given of what a user wants to hear. */
      update(
        input: { readonly id: string } & {
          readonly locale?: string
          readonly [more: string]: unknown
        },
        options?: CallOptions,
      ): Promise<Readonly<Record<string, unknown>>>
    }
    readonly suppressions: {
      /** Send nothing more to an address. */
      add(
        input: {
          readonly address: string
          readonly channel?: 'email' | 'sms'
          readonly category?: string
          readonly reason?: 'bounce' | 'complaint' | 'unsubscribe' | 'provider' | 'manual'
          /** ms, or a number with its unit: 30s, 5m, 2h, 1d */
          readonly expiresIn?: number | string
        },
        options?: CallOptions,
      ): Promise<undefined>
      /** What stops messages to an address; in a body, since addresses are no part of a URL. */
      find(
        input: {
          readonly address: string
          readonly channel?: 'email' | 'sms'
          readonly category?: string
        },
        options?: CallOptions,
      ): Promise<{
        readonly suppression: Suppression | null
      }>
      /** Take an address off the list. */
      remove(
        input: {
          readonly address: string
          readonly channel?: 'email' | 'sms'
          readonly category?: string
        },
        options?: CallOptions,
      ): Promise<{
        readonly removed: boolean
      }>
    }
    readonly templates: {
      /** Render a template, or a text that is one itself; nothing is sent. */
      preview(
        input: TemplatePreview,
        options?: CallOptions,
      ): Promise<{
        readonly text?: string
        readonly [more: string]: unknown
      }>
    }
  }
  readonly payments: {
    /** List what was done to a payment, in order. */
    auditTrail(
      input: { readonly id: string; readonly limit?: number; readonly cursor?: string },
      options?: CallOptions,
    ): Pages<
      {
        readonly entries: readonly {
          readonly sequence: number
          /** ms since 1970 */
          readonly at: number
          readonly action: string
          readonly [more: string]: unknown
        }[]
        /** Give it as `cursor` for the next page; null on the last one */
        readonly cursor: string | null
      },
      {
        readonly sequence: number
        /** ms since 1970 */
        readonly at: number
        readonly action: string
        readonly [more: string]: unknown
      }
    >
    /** Cancel a payment. */
    cancel(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
      },
      options?: CallOptions,
    ): Promise<Payment>
    /** Capture what was authorized. */
    capture(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
        readonly amount?: Money
      },
      options?: CallOptions,
    ): Promise<Payment>
    /** Confirm a payment. */
    confirm(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
        readonly paymentMethod?: string
      },
      options?: CallOptions,
    ): Promise<Payment>
    /** Create a payment, once for each operation id: the header idempotency-key names it. */
    create(input: NewPayment, options?: CallOptions): Promise<Payment>
    /** Read a payment; `refresh` asks the provider. */
    get(
      input: { readonly id: string; readonly refresh?: 'true' | 'false' },
      options?: CallOptions,
    ): Promise<Payment>
    /** Find out what became of a payment whose answer was lost. */
    reconcile(input: { readonly id: string }, options?: CallOptions): Promise<Payment>
    /** Give money of a payment back. */
    refund(input: NewRefund, options?: CallOptions): Promise<Refund>
    readonly checkouts: {
      /** Create a page of the provider’s where a customer pays. */
      create(
        input: {
          readonly operationId?: string
          readonly provider?: string
          readonly amount: Money
          readonly name: string
          readonly capture?: 'automatic' | 'manual'
          readonly customer?: string
          readonly returnUrl: string
          readonly cancelUrl?: string
          readonly metadata?: Readonly<Record<string, string>>
        },
        options?: CallOptions,
      ): Promise<{
        readonly payment: Payment
        readonly url: string
        readonly expiresAt: number | null
      }>
    }
    readonly refunds: {
      /** List what was given back of a payment. */
      list(
        input: { readonly id: string },
        options?: CallOptions,
      ): Promise<{
        readonly refunds: readonly Refund[]
      }>
    }
  }
  readonly portalTokens: {
    /** Make a token for a customer’s portal: endpoints and deliveries of one tenant. */
    create(
      input?: Partial<{
        readonly tenant?: string
        readonly readOnly?: boolean
        /** ms, or a number with its unit: 30s, 5m, 2h, 1d */
        readonly expiresIn?: number | string
      }>,
      options?: CallOptions,
    ): Promise<PortalToken>
  }
  readonly sagas: {
    /** Read a saga with its steps. */
    get(input: { readonly saga: string; readonly id: string }, options?: CallOptions): Promise<Saga>
    /** List the sagas that can be started. */
    list(
      input?: Readonly<Record<string, never>>,
      options?: CallOptions,
    ): Promise<{
      readonly sagas: readonly {
        readonly name: string
      }[]
    }>
    /** Let a stuck saga try its step again. */
    retry(
      input: { readonly saga: string; readonly id: string },
      options?: CallOptions,
    ): Promise<Saga>
    /** Let a stuck saga go on without its step: a person has dealt with it. */
    skip(
      input: { readonly saga: string; readonly id: string } & {
        readonly reason: string
      },
      options?: CallOptions,
    ): Promise<Saga>
    /** Start a saga: one durable write; with an id that is known nothing more is begun. */
    start(
      input: { readonly saga: string } & {
        readonly id?: string
        readonly input?: unknown
      },
      options?: CallOptions,
    ): Promise<{
      readonly id: string
    }>
    /** List sagas that wait for a person. */
    stuck(
      input: { readonly saga: string; readonly limit?: number },
      options?: CallOptions,
    ): Promise<{
      readonly sagas: readonly {
        readonly id: string
        readonly [more: string]: unknown
      }[]
    }>
  }
  readonly subscriptions: {
    /** Cancel a subscription, now or at the end of its period. */
    cancel(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
        readonly at?: 'now' | 'period_end'
      },
      options?: CallOptions,
    ): Promise<Subscription>
    /** Change the plan or the quantity. */
    change(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
        readonly plan?: string
        readonly quantity?: number
      },
      options?: CallOptions,
    ): Promise<Subscription>
    /** Begin what a customer pays again and again. */
    create(
      input: {
        readonly operationId?: string
        readonly provider?: string
        readonly plan: string
        readonly customer: string
        readonly paymentMethod?: string
        readonly quantity?: number
      },
      options?: CallOptions,
    ): Promise<Subscription>
    /** Read a subscription. */
    get(
      input: { readonly id: string; readonly refresh?: 'true' | 'false' },
      options?: CallOptions,
    ): Promise<Subscription>
    /** Pause a subscription. */
    pause(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
      },
      options?: CallOptions,
    ): Promise<Subscription>
    /** Take a cancellation back. */
    reactivate(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
      },
      options?: CallOptions,
    ): Promise<Subscription>
    /** Resume a subscription. */
    resume(
      input: { readonly id: string } & {
        readonly operationId?: string
        readonly provider?: string
      },
      options?: CallOptions,
    ): Promise<Subscription>
    readonly plans: {
      /** Create a plan at the provider. */
      create(
        input: {
          readonly operationId?: string
          readonly provider?: string
          readonly name: string
          readonly amount: Money
          readonly interval: {
            readonly unit: 'day' | 'week' | 'month' | 'year'
          }
        },
        options?: CallOptions,
      ): Promise<{
        readonly reference: string
        readonly [more: string]: unknown
      }>
    }
  }
  readonly uploads: {
    /** Give an upload up (tus). */
    abort(
      input: { readonly id: string; readonly body: BodyInit; readonly contentType?: string },
      options?: CallOptions,
    ): Promise<undefined>
    /** Go on with an upload (tus). */
    append(
      input: { readonly id: string; readonly body: BodyInit; readonly contentType?: string },
      options?: CallOptions,
    ): Promise<undefined>
    /** Begin a resumable upload (tus 1.0); the key stands in Upload-Metadata as `key`. */
    create(
      input: { readonly body: BodyInit; readonly contentType?: string },
      options?: CallOptions,
    ): Promise<undefined>
    /** How far an upload is (tus). */
    offset(input: { readonly id: string }, options?: CallOptions): Promise<undefined>
  }
  readonly webhooks: {
    readonly deliveries: {
      /** Remove a delivery with its attempts. */
      delete(input: { readonly id: string }, options?: CallOptions): Promise<undefined>
      /** Read a delivery with its attempts. */
      get(input: { readonly id: string }, options?: CallOptions): Promise<DeliveryDetails>
      /** List deliveries, latest event first. */
      list(
        input?: {
          readonly event?: string
          readonly endpoint?: string
          readonly type?: string
          readonly state?: 'pending' | 'retrying' | 'delivered' | 'dead' | 'held' | 'cancelled'
          readonly since?: number
          readonly until?: number
          readonly limit?: number
          readonly cursor?: string
        },
        options?: CallOptions,
      ): Pages<
        {
          readonly deliveries: readonly Delivery[]
          /** Give it as `cursor` for the next page; null on the last one */
          readonly cursor: string | null
        },
        Delivery
      >
      /** Send again whatever matches, also what was delivered. */
      replay(input: ReplayFilter, options?: CallOptions): Promise<StartedReplay>
      /** Send a delivery again now. */
      retry(
        input: { readonly id: string },
        options?: CallOptions,
      ): Promise<{
        readonly id: string
        readonly round: number
      }>
    }
    readonly endpoints: {
      /** Create an endpoint; its secret is shown this once. */
      create(input: NewEndpoint, options?: CallOptions): Promise<CreatedEndpoint>
      /** Delete an endpoint; what is on its way to it is cancelled. */
      delete(input: { readonly id: string }, options?: CallOptions): Promise<undefined>
      /** Hold the webhooks of an endpoint. */
      disable(input: { readonly id: string }, options?: CallOptions): Promise<Endpoint>
      /** Let an endpoint have webhooks again. */
      enable(input: { readonly id: string }, options?: CallOptions): Promise<Endpoint>
      /** Read an endpoint. */
      get(input: { readonly id: string }, options?: CallOptions): Promise<Endpoint>
      /** List endpoints. */
      list(
        input?: { readonly limit?: number; readonly cursor?: string },
        options?: CallOptions,
      ): Pages<
        {
          readonly endpoints: readonly Endpoint[]
          /** Give it as `cursor` for the next page; null on the last one */
          readonly cursor: string | null
        },
        Endpoint
      >
      /** Send an endpoint all that is dead or held since a time. */
      recover(
        input: { readonly id: string } & {
          readonly since: number
          readonly perSecond?: number
        },
        options?: CallOptions,
      ): Promise<StartedReplay>
      /** Give an endpoint a new secret; the old one signs along for `overlap`. */
      rotateSecret(
        input: { readonly id: string } & Partial<{
          /** ms, or a number with its unit: 30s, 5m, 2h, 1d */
          readonly overlap?: number | string
        }>,
        options?: CallOptions,
      ): Promise<{
        readonly secret: string
      }>
      /** How an endpoint has been doing lately. */
      stats(input: { readonly id: string }, options?: CallOptions): Promise<EndpointStats>
      /** Change what is given of an endpoint. */
      update(
        input: { readonly id: string } & EndpointChanges,
        options?: CallOptions,
      ): Promise<Endpoint>
      /** Send an endpoint its challenge; the right answer verifies it. */
      verify(
        input: { readonly id: string },
        options?: CallOptions,
      ): Promise<{
        readonly verified: boolean
        readonly reason?: string
        readonly message?: string
      }>
    }
    readonly listeners: {
      /** Make an endpoint whose deliveries are relayed over a WebSocket, or take it up again. */
      open(input: NewListener, options?: CallOptions): Promise<OpenListener>
    }
  }
}
