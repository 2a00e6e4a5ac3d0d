import type { Caller } from '../access/caller.ts'

/** Who gets a tenant's webhooks over a WebSocket in place of at an address. */
export interface ListenerName {
  readonly tenant: string
  /** 1 to 40 characters of `A–Z a–z 0–9 _ -`. */
  readonly name: string
}

/** A WebSocket that a route has let through. */
export interface ListenerConnection {
  readonly listener: ListenerName
  /** The same for all connections of one program: its next one takes the place of the last. */
  readonly session: string
  /** Whose credential opened it. */
  readonly caller: Pick<Caller, 'id' | 'tenant'>
  /** When that credential ends, ms since 1970; `null` for never. */
  readonly until: number | null
}

/** What a WebSocket of any platform does for us. */
export interface RelaySocket {
  /** Tells one connection from another. */
  readonly id: string
  /** @throws whatever the platform throws when it is closed */
  send(text: string): void
  close(code: number, reason: string): void
}

/** What a platform tells of a WebSocket. */
export interface SocketEvents {
  message(frame: unknown): void
  closed(): void
}

/** A signed delivery, as it is to arrive. */
export interface RelayedRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer>
}

/** Why there is no answer. */
export type RelayFault =
  /** No listener is connected. */
  | 'nobody'
  /** The connection ended before an answer came. */
  | 'broken'
  | 'late'
  /** As much is on its way as may be. */
  | 'busy'
  /** The listener has tried: the local server takes no connections. */
  | 'local_refused'
  /** The listener has tried: the local server did not answer in time. */
  | 'local_late'
  /** The listener has tried, and has no answer for another reason. */
  | 'local_broken'

/** What came of a delivery. */
export type RelayOutcome =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: readonly (readonly [name: string, value: string])[]
      readonly body: Uint8Array<ArrayBuffer>
    }
  | { readonly kind: 'failed'; readonly fault: RelayFault }

/** Why we end a connection, as a close code of WebSockets and a word. */
export interface CloseReason {
  readonly code: number
  readonly reason: string
}

/** Close codes of ours; a program that listens goes by the number. */
export const CLOSE = {
  /** The server ends: connect again. */
  goingAway: { code: 1001, reason: 'going away' },
  /** The same program has connected anew. */
  replaced: { code: 4000, reason: 'replaced' },
  /** A frame that is none of the protocol's, or too many of them. */
  protocol: { code: 4400, reason: 'not of the protocol' },
  /** The credential is revoked, or its time is over. */
  revoked: { code: 4403, reason: 'credential ended' },
  /** Nothing was heard of it, or nothing answered. */
  idle: { code: 4408, reason: 'idle' },
  /** Another program listens under this name. */
  inUse: { code: 4409, reason: 'name in use' },
  /** Too many listen here. */
  full: { code: 4429, reason: 'too many listeners' },
} as const satisfies Readonly<Record<string, CloseReason>>

/** Who is listening, wherever their connections are. */
export interface Listeners {
  /** @returns Whose connection it is, or `null` when nobody listens */
  holder(listener: ListenerName): Promise<ListenerConnection | null>
  /** Sends one delivery to whoever listens; it does not reject. */
  deliver(
    listener: ListenerName,
    request: RelayedRequest,
    signal?: AbortSignal,
  ): Promise<RelayOutcome>
  /** Ends the connection, where there is one. */
  drop(listener: ListenerName, reason: CloseReason): Promise<void>
}

const NAME = /^[\w-]{1,40}$/

/** Whether a listener may be called so. */
export function isListenerName(text: unknown): text is string {
  return typeof text === 'string' && NAME.test(text)
}
