import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { SentryBreadcrumb, SentryLevel } from './sentry-event.ts'

/** What is known of an event besides; all of it goes through the redactor. */
export interface SentryDetails {
  /** Default `error`, of a message `info`. */
  readonly level?: SentryLevel
  /** Whom it concerned: an `id` is enough, and says nothing to others. */
  readonly user?: Readonly<Record<string, unknown>> | undefined
  readonly tags?: Readonly<Record<string, string>>
  /** Groups events, instead of their stacks. */
  readonly fingerprint?: readonly string[] | undefined
  /** What it happened in: `GET /orders/:id`. */
  readonly transaction?: string | undefined
  readonly contexts?: Readonly<Record<string, object>>
  readonly extra?: Readonly<Record<string, unknown>>
  readonly breadcrumbs?: readonly SentryBreadcrumb[]
  /** Whether somebody knew what to do about it. Default true. */
  readonly handled?: boolean
  readonly requestId?: string | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
}

/** Makes an event. @returns Its id, `null` when it is not sent */
export type Capture = (
  what: { readonly error: unknown } | { readonly message: string },
  details: SentryDetails,
) => string | null

/**
 * What belongs to the same request or piece of work, and goes with each of its events.
 *
 * @example
 * ```ts
 * const scope = client.scope().setUser({ id: userId }).setTag('plan', 'gold')
 * scope.captureError(error)
 * ```
 */
export class SentryScope {
  readonly #capture: Capture
  readonly #clock: Clock
  readonly #breadcrumbs: SentryBreadcrumb[] = []
  readonly #tags: Record<string, string> = {}
  readonly #contexts: Record<string, object> = {}
  #user: SentryDetails['user']
  #fingerprint: SentryDetails['fingerprint']

  constructor(capture: Capture, clock: Clock) {
    this.#capture = capture
    this.#clock = clock
  }

  /** Says whom it concerns; `undefined` takes that back. */
  setUser(user: SentryDetails['user']): this {
    this.#user = user
    return this
  }

  setTag(name: string, value: string): this {
    this.#tags[name] = value
    return this
  }

  /** A group of values that Sentry shows under a name. */
  setContext(name: string, context: object): this {
    this.#contexts[name] = context
    return this
  }

  /** Groups the events of this, instead of their stacks; `undefined` takes that back. */
  setFingerprint(fingerprint: readonly string[] | undefined): this {
    this.#fingerprint = fingerprint
    return this
  }

  /** Notes what happened; the latest 100 stay. */
  addBreadcrumb(breadcrumb: SentryBreadcrumb): this {
    if (this.#breadcrumbs.length >= 100) this.#breadcrumbs.shift()
    this.#breadcrumbs.push({ timestamp: this.#clock.now() / 1000, ...breadcrumb })
    return this
  }

  /**
   * Reports an error, each once. Never throws.
   *
   * @returns The event's id, `null` when none is sent
   */
  captureError(error: unknown, details: SentryDetails = {}): string | null {
    return this.#capture({ error }, this.#with(details))
  }

  /**
   * Reports that something happened. Never throws.
   *
   * @returns The event's id, `null` when none is sent
   */
  captureMessage(message: string, details: SentryDetails = {}): string | null {
    return this.#capture({ message }, this.#with(details))
  }

  #with(details: SentryDetails): SentryDetails {
    return {
      user: this.#user,
      fingerprint: this.#fingerprint,
      ...details,
      tags: { ...this.#tags, ...details.tags },
      contexts: { ...this.#contexts, ...details.contexts },
      breadcrumbs: [...this.#breadcrumbs, ...(details.breadcrumbs ?? [])],
    }
  }
}
