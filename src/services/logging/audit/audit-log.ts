import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { createHmacSha256 } from '../../../primitives/hmac-sha256.ts'
import { isInstance } from '../../../primitives/read-thrown.ts'
import { encodeUtf8, utf8Length } from '../../../primitives/utf8.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import type { StorePartition } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { currentContext } from '../context/context.ts'
import { createRedactor } from '../redaction/create-redactor.ts'
import type { RedactorOptions } from '../redaction/redactor-options.ts'
import type { AuditEntry, AuditEvent, AuditVerdict } from './audit-entry.ts'
import { AuditError } from './audit-error.ts'

/** Options of {@link createAuditLog}. */
export interface AuditLogOptions {
  readonly backend: Pick<Backend, 'store'>
  /**
   * Each name is a log of its own, as a tenant's. 1 to 100 letters, digits, `_`, `-` and `.`.
   * Default `default`.
   */
  readonly name?: string
  /**
   * Without it the hashes show what was changed by mistake; with it also what somebody changed who
   * can write to the store, as long as they do not have it. At least 16 bytes. Default: none.
   */
  readonly secret?: string | Uint8Array
  /** What is hidden of `detail`. Default: the defaults of `createRedactor`. */
  readonly redact?: RedactorOptions
  /** Default: the platform's. */
  readonly clock?: Clock
}

/**
 * A place to look up, as it was known at a time: kept elsewhere it shows when the end was cut off.
 */
export interface AuditAnchor {
  readonly sequence: number
  readonly hash: string
}

/** Who did what, on whom, and how it ended: added to, never changed. */
export interface AuditLog {
  /**
   * Puts an event on record, durably when this resolves.
   *
   * @param id Makes it idempotent for 7 days: the same id again answers the entry that is on record
   * @throws TypeError when a property is missing or malformed
   * @throws AuditError `contended` or `entry_too_large`
   * @throws BackendError when it is not known whether it was recorded: record it again under the
   *   same id
   */
  record(event: AuditEvent, id?: string): Promise<AuditEntry>
  /**
   * The entries in their order, read in pages.
   *
   * @param after The sequence after which to begin; default 0
   * @throws RangeError when it is no number of an entry
   */
  entries(after?: number): AsyncIterable<AuditEntry>
  /** The entries as lines of JSON, for an archive. */
  export(after?: number): AsyncIterable<string>
  /** The last entry's place, `null` when there is none: an anchor to keep elsewhere. */
  head(): Promise<AuditAnchor | null>
  /**
   * Checks that every entry is there, in its place and as it was recorded.
   *
   * @param anchor One that was kept
   * @throws TypeError or RangeError when the anchor is none
   */
  verify(anchor?: AuditAnchor): Promise<AuditVerdict>
}

const CREATE = 'create audit log'
const FIRST = '0'.repeat(64)
const MAX_DETAIL_BYTES = 65_536
const ID_KEPT_MS = 7 * 86_400_000
const PAGE = 100
/** As many may add at once: each time one of them succeeds. */
const TRIES = 100

type Broken = Extract<AuditVerdict, { ok: false }>

/** Where the log stands. */
interface Head extends AuditAnchor {
  readonly at: number
}

/**
 * Creates an audit log on any backend.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when the secret is too short
 * @example
 * ```ts
 * const audit = createAuditLog({ backend, secret: env.AUDIT_SECRET })
 * await audit.record({
 *   actor: 'user/7',
 *   action: 'record.read',
 *   target: 'patient/42',
 *   outcome: 'success',
 * })
 * const verdict = await audit.verify()
 * ```
 */
export function createAuditLog(options: AuditLogOptions): AuditLog {
  checkOptions(CREATE, options, ['backend'], ['name', 'secret', 'redact', 'clock'])
  checkParts(CREATE, 'backend', options.backend, ['store'])
  const { name = 'default', secret, clock = systemClock } = options
  if (typeof name !== 'string' || !/^[\w.-]{1,100}$/.test(name))
    throw new TypeError(`Cannot ${CREATE}: name is no word of at most 100 characters, one expected`)
  const key = typeof secret === 'string' ? encodeUtf8(secret) : secret
  if (key !== undefined && !isInstance(key, Uint8Array))
    throw new TypeError(`Cannot ${CREATE}: secret is of another kind, a text or bytes expected`)
  if (key !== undefined && key.length < 16)
    throw new RangeError(`Cannot ${CREATE}: secret has ${key.length} bytes, 16 or more expected`)
  // A key that everybody knows makes it a plain hash.
  const hmac = createHmacSha256(key ?? encodeUtf8(`white-cross audit ${name}`))
  const hashOf = (entry: Omit<AuditEntry, 'hash'>): string =>
    encodeHex(hmac(encodeUtf8(canonicalJson(entry))))
  const redactor = createRedactor({ maxDepth: 8, maxValues: 1000, ...options.redact })
  const partition = options.backend.store.partition(`audit:${name}`)

  async function* entries(after = 0): AsyncIterable<AuditEntry> {
    checkInteger('read audit log', 'after', after, 0, 999_999_999_999)
    let cursor: string | null = entryKey(after)
    while (cursor !== null) {
      const page: Awaited<ReturnType<StorePartition['list']>> = await partition.list({
        prefix: 'entry/',
        cursor,
        limit: PAGE,
      })
      // Only this log writes them.
      for (const { value } of page.entries) yield value as unknown as AuditEntry
      cursor = page.cursor
    }
  }

  async function head(): Promise<Head | null> {
    const entry = await partition.get('head')
    // Only this log writes it.
    return entry === null ? null : (entry.value as unknown as Head)
  }

  return {
    entries,
    head: async () => {
      const found = await head()
      return found && { sequence: found.sequence, hash: found.hash }
    },
    async *export(after) {
      for await (const entry of entries(after)) yield `${JSON.stringify(entry)}\n`
    },
    async record(event, id) {
      const said = checkEvent(event, (detail) => redactor.object(detail))
      const idKey = id === undefined ? undefined : `id/${checkText('id', id, 200)}`
      if (idKey !== undefined) {
        const before = await recordedAs(partition, idKey)
        if (before !== null) return before
      }
      const contended = (): AuditError =>
        new AuditError(
          'contended',
          'Cannot record: others add to the log each time, try again later',
          { status: 503 },
        )
      try {
        return await changeEntry(
          partition,
          'head',
          (current) => {
            // Only this log writes it.
            const last = current === null ? null : (current.value as unknown as Head)
            const sequence = (last?.sequence ?? 0) + 1
            const at = Math.max(clock.now(), last?.at ?? 0)
            const open = { sequence, at, ...said, previous: last?.hash ?? FIRST }
            const entry: AuditEntry = { ...open, hash: hashOf(open) }
            return {
              result: entry,
              write: {
                check: [
                  { key: entryKey(sequence), version: null },
                  ...(idKey === undefined ? [] : [{ key: idKey, version: null }]),
                ],
                set: [
                  // A newer version may keep more in it.
                  { key: 'head', value: { ...last, sequence, hash: entry.hash, at } },
                  { key: entryKey(sequence), value: entry as unknown as Json },
                  ...(idKey === undefined
                    ? []
                    : [{ key: idKey, value: sequence, expiresInMs: ID_KEPT_MS }]),
                ],
              },
            }
          },
          { contended, tries: TRIES },
        )
      } catch (error) {
        // The same id may have come in at the same time.
        const before =
          idKey === undefined || !(error instanceof AuditError)
            ? null
            : await recordedAs(partition, idKey)
        if (before === null) throw error
        return before
      }
    },
    async verify(anchor) {
      if (anchor !== undefined) checkAnchor(anchor)
      // Before the entries: while they are read others may be added.
      const last = await head()
      let previous = FIRST
      let count = 0
      let at = 0
      const broken = (why: Broken['why']): Broken => ({
        ok: false,
        entries: count,
        brokenAt: count + 1,
        why,
      })
      for await (const entry of entries()) {
        if (entry.sequence !== count + 1) return broken('missing')
        const { hash, ...open } = entry
        if (hashOf(open) !== hash) return broken('changed')
        if (entry.previous !== previous || entry.at < at) return broken('reordered')
        for (const place of [anchor, last])
          if (place?.sequence === entry.sequence && place.hash !== hash) return broken('changed')
        previous = hash
        at = entry.at
        count++
      }
      if ((last?.sequence ?? 0) > count || (anchor?.sequence ?? 0) > count) return broken('cut_off')
      // Whoever lost the place of the last one, or set it back, could add none behind it.
      const end = await head()
      if ((end?.sequence ?? 0) < count)
        return { ...broken('cut_off'), brokenAt: (end?.sequence ?? count) + 1 }
      return { ok: true, entries: count, hash: previous }
    },
  }
}

function checkAnchor(anchor: AuditAnchor): void {
  checkOptions('verify audit log', anchor, ['sequence', 'hash'])
  checkInteger('verify audit log', 'sequence', anchor.sequence, 1, 999_999_999_999)
  if (!/^[\da-f]{64}$/.test(anchor.hash))
    throw new TypeError('Cannot verify audit log: hash of the anchor is none, 64 digits expected')
}

function entryKey(sequence: number): string {
  return `entry/${String(sequence).padStart(12, '0')}`
}

async function recordedAs(partition: StorePartition, idKey: string): Promise<AuditEntry | null> {
  const known = await partition.get(idKey)
  if (known === null) return null
  const entry = await partition.get(entryKey(Number(known.value)))
  // Only this log writes it.
  return entry === null ? null : (entry.value as unknown as AuditEntry)
}

function checkEvent(
  event: AuditEvent,
  hide: (detail: unknown) => unknown,
): Omit<AuditEntry, 'sequence' | 'at' | 'previous' | 'hash'> {
  checkOptions('record', event, ['actor', 'action', 'target', 'outcome'], ['detail', 'requestId'])
  const { actor, action, target, outcome, requestId = currentContext()?.requestId } = event
  if (typeof outcome !== 'string' || !/^(?:success|failure|denied)$/.test(outcome))
    throw new TypeError(
      'Cannot record: outcome is another word, success, failure or denied expected',
    )
  // Plain data without what is undefined.
  const json = JSON.parse(JSON.stringify(hide(event.detail ?? null)) ?? 'null') as Json
  const bytes = utf8Length(JSON.stringify(json))
  if (bytes > MAX_DETAIL_BYTES)
    throw new AuditError(
      'entry_too_large',
      `Cannot record: detail has ${bytes} bytes, ${MAX_DETAIL_BYTES} at most`,
      { status: 413 },
    )
  return {
    actor: checkText('actor', actor, 200),
    action: checkText('action', action, 200),
    target: checkText('target', target, 500),
    outcome,
    detail: json,
    requestId: requestId == null ? null : checkText('requestId', requestId, 200),
  }
}

function checkText(name: string, text: unknown, most: number): string {
  if (typeof text === 'string' && text !== '' && text.length <= most) return text.toWellFormed()
  throw new TypeError(`Cannot record: ${name} is no text of 1 to ${most} characters, one expected`)
}
