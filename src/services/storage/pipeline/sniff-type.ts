/** Finds a type from the first bytes of a file: `fileTypeFromBuffer` of `file-type` fits. */
export type TypeSniffer = (
  bytes: Uint8Array,
) => Promise<{ readonly mime: string } | undefined> | { readonly mime: string } | undefined

/** Types that have no bytes of their own to be known by. */
const TEXT_TYPES =
  /^(?:text\/(?:plain|csv|markdown|tab-separated-values)|application\/(?:json|x-ndjson))$/
/** What a browser would take for a page, wherever it stands. */
const ACTIVE = /<(?:!doctype|html|script|svg|body|iframe|\?xml|!--)/i
/** As far as browsers look for a page. */
const TEXT_BYTES = 8192
/** Names of one type. */
const SAME: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'audio/x-wav': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/mp3': 'audio/mpeg',
  'application/x-zip-compressed': 'application/zip',
  'application/x-gzip': 'application/gzip',
  'video/x-m4v': 'video/mp4',
  'image/heif': 'image/heic',
}

/** What the bytes are, and whether that may be. */
export type SniffedType =
  | { readonly ok: true; readonly contentType: string }
  | { readonly ok: false; readonly reason: 'type_not_allowed' | 'type_mismatch' }

/**
 * Compares what a file is said to be with what its bytes are.
 *
 * @param declared What the client said
 * @param allowed Types that are taken
 */
export async function compareType(
  head: Uint8Array,
  declared: string,
  allowed: readonly string[],
  sniff: TypeSniffer,
): Promise<SniffedType> {
  const said = plainType(declared)
  const takes = allowed.map(plainType)
  if (!takes.includes(said)) return { ok: false, reason: 'type_not_allowed' }
  const found = await sniff(head)
  if (found !== undefined)
    return plainType(found.mime) === said
      ? { ok: true, contentType: said }
      : { ok: false, reason: 'type_mismatch' }
  // Bytes that say nothing can be text, and only text may have none; what tells one kind of TIFF
  // from another may stand at the end of the file.
  return (TEXT_TYPES.test(said) && isPlainText(head.subarray(0, TEXT_BYTES))) ||
    (said === 'image/tiff' && isTiff(head))
    ? { ok: true, contentType: said }
    : { ok: false, reason: 'type_mismatch' }
}

function plainType(type: string): string {
  const plain = type.split(';')[0]?.trim().toLowerCase() ?? ''
  return Object.hasOwn(SAME, plain) ? (SAME[plain] ?? plain) : plain
}

function isTiff(head: Uint8Array): boolean {
  const magic = String.fromCharCode(...head.subarray(0, 4))
  return magic === 'II*\0' || magic === 'MM\0*'
}

/** The last character may be cut off. */
function isPlainText(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    // oxlint-disable-next-line eslint/no-control-regex
    return !/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) && !ACTIVE.test(text)
  } catch {
    return false
  }
}
