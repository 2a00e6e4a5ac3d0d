/** Characters that no URL encodes (RFC 3986 §2.3). */
const UNRESERVED = /^[\w.~-]*$/
const UNRESERVED_PATH = /^[\w.~/-]*$/

/**
 * @returns `text` with every byte of its UTF-8 but `A–Z a–z 0–9 - . _ ~` as `%XX`, as signatures of
 *   URLs want it
 */
export function percentEncode(text: string): string {
  if (UNRESERVED.test(text)) return text
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** {@link percentEncode} for a path: slashes stay. */
export function percentEncodePath(path: string): string {
  return UNRESERVED_PATH.test(path) ? path : percentEncode(path).replaceAll('%2F', '/')
}

/** @returns What `text` stands for, or `text` itself where it is not well-formed */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
