/** A text's UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  // On some platforms what the encoder answers may be shared memory, by its type.
  return new Uint8Array(new TextEncoder().encode(text))
}

/** SHA-256 of a text as 64 hex digits. */
export async function sha256Hex(text: string): Promise<string> {
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))))
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Compares in a time that depends on the lengths alone. */
export function isSameText(left: string, right: string): boolean {
  let differences = left.length ^ right.length
  for (let index = 0; index < left.length; index++)
    differences |= left.charCodeAt(index) ^ right.charCodeAt(index)
  return differences === 0
}

/** Bytes as unpadded base64url. */
export function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

/** @returns The bytes, or `null` when the text is no base64url */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]*$/.test(text)) return null
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    )
  } catch {
    return null
  }
}
