/** What a key belongs to. */
export type KeyKind = 'store' | 'queue' | 'limit'

/** @returns One key a part, all on one cluster slot; without a part, the name itself is the key */
export type KeysOf = (kind: KeyKind, name: string, parts: readonly string[]) => readonly string[]

/**
 * Names keys as `prefix:{kind:name}:part`.
 *
 * The braces are a hash tag: keys of one name share a slot of a cluster. A name is percent-encoded,
 * so that it holds no brace and no two names meet; since the prefix holds none either, no two
 * prefixes do.
 *
 * @throws RangeError when the prefix is not 1 to 64 characters of `A–Z a–z 0–9 . _ : / -`
 */
export function createKeysOf(prefix: string): KeysOf {
  if (!/^[\w.:/-]{1,64}$/.test(prefix))
    throw new RangeError(
      `Cannot open Redis: prefix is ${JSON.stringify(prefix.slice(0, 70))}, 1 to 64 characters of A–Z a–z 0–9 . _ : / - expected`,
    )
  return (kind, name, parts) => {
    const tag = `${prefix}:{${kind}:${encodeName(name)}}`
    return parts.length === 0 ? [tag] : parts.map((part) => `${tag}:${part}`)
  }
}

/** The channel on which it is said that a queue has work. */
export function channelOf(keysOf: KeysOf, queue: string): string {
  return keysOf('queue', queue, ['rings']).join('')
}

/** The channel on which it is said which jobs of a queue have ended: the scripts know it, too. */
export function endsChannelOf(keysOf: KeysOf, queue: string): string {
  return keysOf('queue', queue, ['ends']).join('')
}

/** A lone surrogate becomes U+FFFD, as it does on its way to every store. */
function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll('%3A', ':').replaceAll('%2F', '/')
}
