import { encodeUtf8 } from '../../../primitives/utf8.ts'

/** Characters that RFC 8187 takes as they are. */
const ATTRIBUTE = /[A-Za-z0-9!#$&+.^_`|~-]/

/**
 * Writes a `Content-Disposition` header (RFC 6266) that carries any name: in ASCII for those who
 * read no more, and in full as RFC 8187 writes it. Folders, control characters and what browsers
 * take for a path are left out.
 *
 * @example
 * contentDisposition('attachment', 'Übersicht.pdf')
 */
export function contentDisposition(type: 'inline' | 'attachment', filename?: string): string {
  const name = safeName(filename ?? '')
  if (name === '') return type
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  if (ascii === name) return `${type}; filename="${name}"`
  const full = Array.from(encodeUtf8(name), (byte) => {
    const char = String.fromCharCode(byte)
    return byte < 128 && ATTRIBUTE.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
  return `${type}; filename="${ascii}"; filename*=UTF-8''${full}`
}

function safeName(filename: string): string {
  const last = filename.toWellFormed().split(/[/\\]/).at(-1) ?? ''
  const name = last.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '').trim()
  return /^\.+$/.test(name) ? '' : Array.from(name).slice(0, 200).join('')
}
