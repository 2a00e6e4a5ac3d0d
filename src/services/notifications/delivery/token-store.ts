import { decodeBase64Url, encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { createLruCache } from '../../../primitives/lru-cache.ts'
import { decodeUtf8, encodeUtf8 } from '../../../primitives/utf8.ts'
import { tryUntil } from '../../../runtime/coordination/try-until.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { MadeToken, TokenCache } from '../providers/provider.ts'

/** What {@link createTokenStore} needs. */
export interface TokenStoreOptions {
  readonly store: AtomicStore
  readonly clock: Clock
  readonly random: RandomSource
}

/** A token that this isolate has seen. */
interface HeldToken {
  readonly token: string
  readonly until: number
}

/** How long one isolate may take to make a token before another tries. */
const MAKING_MS = 15_000
const MOST_HELD = 100

/**
 * Shares tokens between all isolates on one store: one of them makes a token, the others wait for
 * it. In the store they lie sealed with what they are made from.
 */
export function createTokenStore({ store, clock, random }: TokenStoreOptions): TokenCache {
  const held = createLruCache<HeldToken>(MOST_HELD)
  const partition = store.partition('notifications:tokens')

  async function read(key: string, secret: string): Promise<HeldToken | null> {
    const entry = await partition.get(`token/${key}`)
    const pair: readonly unknown[] = Array.isArray(entry?.value) ? entry.value : []
    const [sealed, until] = pair
    if (typeof sealed !== 'string' || typeof until !== 'number' || until <= clock.now()) return null
    const token = await open(sealed, secret)
    return token === null ? null : { token, until }
  }

  async function makeOnce(
    key: string,
    secret: string,
    make: () => Promise<MadeToken>,
  ): Promise<HeldToken | null> {
    const owner = encodeHex(random.bytes(8))
    const claimed = await partition.commit({
      check: [{ key: `maker/${key}`, version: null }],
      set: [{ key: `maker/${key}`, value: owner, expiresInMs: MAKING_MS }],
    })
    if (!claimed.ok) return null
    try {
      // Whoever was here before may have made one just now.
      const there = await read(key, secret)
      if (there !== null) return there
      const { token, useForMs } = await make()
      const until = clock.now() + useForMs
      const sealed = await seal(token, secret, random.bytes(12))
      await partition.commit({
        set: [{ key: `token/${key}`, value: [sealed, until], expiresInMs: Math.max(useForMs, 1) }],
      })
      return { token, until }
    } finally {
      await partition
        .commit({
          check: [{ key: `maker/${key}`, version: claimed.version }],
          delete: [`maker/${key}`],
        })
        // It ends by itself.
        .catch(() => undefined)
    }
  }

  return {
    async get(name, secret, make) {
      const known = held.get(name)
      if (known !== undefined && known.until > clock.now()) return known.token
      const key = await keyOf(name)
      const found =
        (await tryUntil(
          async () => (await read(key, secret)) ?? (await makeOnce(key, secret, make)),
          { clock, random, waitMs: MAKING_MS },
        )) ?? (await heldOf(make(), clock))
      held.set(name, found)
      return found.token
    },
    async drop(name, token) {
      if (held.get(name)?.token === token) held.set(name, { token, until: 0 })
      await partition.commit({ delete: [`token/${await keyOf(name)}`] })
    },
  }
}

async function heldOf(made: Promise<MadeToken>, clock: Clock): Promise<HeldToken> {
  const { token, useForMs } = await made
  return { token, until: clock.now() + useForMs }
}

/** Names hold accounts of vendors, and may be long. */
async function keyOf(name: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(name))
  return encodeHex(new Uint8Array(digest).slice(0, 16))
}

async function sealingKey(secret: string): Promise<CryptoKey> {
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(`token\0${secret}`))
  return crypto.subtle.importKey('raw', digest, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

async function seal(token: string, secret: string, iv: Uint8Array<ArrayBuffer>): Promise<string> {
  const key = await sealingKey(secret)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, encodeUtf8(token))
  return `${encodeBase64Url(iv)}.${encodeBase64Url(new Uint8Array(sealed))}`
}

/** @returns `null` for what was sealed with another secret */
async function open(text: string, secret: string): Promise<string | null> {
  const [iv, sealed] = text.split('.').map(decodeBase64Url)
  if (!iv || !sealed) return null
  try {
    const key = await sealingKey(secret)
    return decodeUtf8(
      new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed)),
    )
  } catch {
    return null
  }
}
