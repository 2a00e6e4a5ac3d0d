import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { DashboardUser } from '../access/dashboard-user.ts'
import type { DashboardServices } from '../dashboard-services.ts'
import type { Html } from '../html/html.ts'
import type { View } from '../html/view.ts'

/** One request, let through, with what a page needs. */
export interface Call {
  readonly request: Request
  readonly url: URL
  /** Parts of the path, decoded. */
  param(name: string): string
  /** A part of the query; empty where there is none. */
  query(name: string): string
  /** A field of the form that was sent; empty where there is none. */
  field(name: string): string
  /** All fields of that form. */
  readonly fields: URLSearchParams
  readonly user: Required<DashboardUser>
  readonly tenant: string
  readonly services: DashboardServices
  readonly view: View
  /** What a form must carry to be taken. */
  readonly formToken: string
  readonly clock: Clock
  /** ms since 1970. */
  readonly now: number
  /**
   * A part of a page that is sent again when it changes. `name` stands once on a page.
   *
   * @returns The part, to be placed
   */
  live(name: string, part: Html): Html
  /** Puts on record what was done or asked for, beside what the route itself records. */
  record(act: RecordedAct): Promise<void>
}

/** What goes into the audit log. */
export interface RecordedAct {
  readonly action: string
  readonly target: string
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly detail?: Readonly<Record<string, string | number | boolean>>
}

/** A page to be put in its frame. */
export interface Page {
  readonly title: string
  /** Which entry of the navigation it belongs to. */
  readonly section: string
  readonly body: Html
  readonly status?: number
}

/** What a handler of `POST` answers. */
export interface Done {
  /** Where to go on, below the base path. */
  readonly to: string
  /** How many things were changed; said in words by the route. Default: not said. */
  readonly count?: number
}

/** What a person is asked before something is done. */
export interface Question {
  /** `Retry 12 dead jobs?` */
  readonly title: string
  /** What will happen, and to what. */
  readonly body: Html
  /** `Retry 12 jobs`. */
  readonly button: string
  /** It cannot be undone. Default false. */
  readonly destructive?: boolean
}
