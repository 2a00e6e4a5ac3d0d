/** Where a push goes: a device's token, or what a browser's `PushManager` gave for it. */
export type PushTarget = PushToken | WebPushSubscription

/** A token of FCM or APNs. */
export interface PushToken {
  readonly token: string
  /** Which provider it is of. Needed only where several are configured. */
  readonly provider?: string
}

/** A subscription as `PushSubscription.toJSON()` writes it. */
export interface WebPushSubscription {
  readonly endpoint: string
  readonly keys: { readonly p256dh: string; readonly auth: string }
  readonly expirationTime?: number | null
}

/** A push as it is handed to a provider: checked, with nothing left to decide. */
export interface OutgoingPush {
  readonly id: string
  readonly target: PushTarget
  /** `null` for a silent push, which carries data alone. */
  readonly title: string | null
  readonly body: string | null
  readonly data: Readonly<Record<string, string>>
  /** Opened by a tap. */
  readonly url: string | null
  readonly image: string | null
  /** A later push with the same key takes this one's place. */
  readonly collapseKey: string | null
  /** How long it is kept for a device that is not reachable, s. */
  readonly ttlSeconds: number
  readonly urgency: 'normal' | 'high'
  readonly badge: number | null
  readonly sound: string | null
}

/** The parts of a push that its sender writes. */
export interface PushContent {
  /** A device's token; or `subscription` for a browser. */
  readonly token?: string
  readonly subscription?: WebPushSubscription
  /** Default: the template's. Without a title and a body the push is silent and carries `data`. */
  readonly title?: string
  readonly body?: string
  /** Texts for the app, by names of its choice. */
  readonly payload?: Readonly<Record<string, string>>
  readonly url?: string
  readonly image?: string
  /** At most 32 of letters, digits, `_` and `-`. */
  readonly collapseKey?: string
  /** How long it is kept for a device that is not reachable. Default 4 weeks. */
  readonly ttlSeconds?: number
  /** Default `high` with a title, else `normal`. */
  readonly urgency?: 'normal' | 'high'
  readonly badge?: number
  readonly sound?: string
}
