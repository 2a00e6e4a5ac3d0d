import type { SentryException } from './exceptions.ts'

/** How grave an event is, in Sentry's words. */
export type SentryLevel = 'debug' | 'info' | 'warning' | 'error' | 'fatal'

/** Something that happened before. */
export interface SentryBreadcrumb {
  /** s since 1970. Default: now. */
  readonly timestamp?: number
  readonly level?: SentryLevel
  readonly category?: string
  readonly message?: string
  readonly data?: unknown
}

/** An event as it is sent, without what the redactor hides. */
export interface SentryEvent {
  readonly event_id: string
  /** s since 1970. */
  readonly timestamp: number
  readonly platform: 'javascript'
  readonly level: SentryLevel
  readonly logger?: string | undefined
  readonly release?: string | undefined
  readonly environment?: string | undefined
  readonly server_name?: string | undefined
  readonly transaction?: string | undefined
  /** What a message says. */
  readonly logentry?: { readonly formatted?: string | undefined } | undefined
  readonly exception?: { readonly values: readonly SentryException[] } | undefined
  readonly breadcrumbs?: { readonly values: readonly SentryBreadcrumb[] } | undefined
  readonly user?: unknown
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly fingerprint?: readonly string[] | undefined
  readonly contexts?: Readonly<Record<string, unknown>> | undefined
  readonly extra?: unknown
}
