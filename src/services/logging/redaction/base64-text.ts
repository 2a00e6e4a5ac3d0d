/**
 * Decodes what may be base64, of either alphabet, whole or cut.
 *
 * @returns The text, `undefined` where it is none
 */
export function base64Text(run: string): string | undefined {
  const bare = run.replaceAll('-', '+').replaceAll('_', '/')
  // Most words end here, after three bytes; `atob` throws over a rest of one.
  if (!TEXT.test(atob(bare.slice(0, 4)))) return undefined
  const bytes = atob(bare.length % 4 === 1 ? bare.slice(0, -1) : bare)
  return TEXT.test(bytes) ? fromUtf8(bytes) : undefined
}

/** UTF-8 without the control characters that no text has; its last character may be cut. */
const TEXT =
  /^(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*[\xc2-\xf4]?[\x80-\xbf]{0,2}$/

function fromUtf8(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)))
}
