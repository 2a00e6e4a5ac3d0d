import { decodeBase64 } from '../../../primitives/base64.ts'
import { APPEND_CHECKSUMS } from '../uploads/checked-body.ts'
import type { AppendChecksum } from '../uploads/upload-session.ts'

/** The version that is spoken. */
export const TUS_VERSION = '1.0.0'
/** What of tus is spoken beside its core. */
export const TUS_EXTENSIONS =
  'creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation'
/** A number of bytes, as every header writes it. */
const NUMBER = /^\d{1,16}$/
const METADATA_LENGTH = 8192

/** A request that tus does not take, and the status that says so. */
export interface TusRefusal {
  readonly refused: number
  readonly why: string
}

/** @returns A number of bytes; `null` where the header is absent */
export function readNumber(headers: Headers, name: string): number | null | TusRefusal {
  const text = headers.get(name)
  if (text === null) return null
  const value = NUMBER.test(text) ? Number(text) : NaN
  if (Number.isSafeInteger(value)) return value
  return { refused: 400, why: `${name} is no number of bytes` }
}

/** Reads `Upload-Metadata`: names, each with base64 of its value, separated by commas. */
export function readMetadata(text: string | null): Readonly<Record<string, string>> | TusRefusal {
  const fault = { refused: 400, why: 'Upload-Metadata is malformed' }
  if (text === null || text === '') return {}
  if (text.length > METADATA_LENGTH) return { refused: 400, why: 'Upload-Metadata is too long' }
  const metadata = new Map<string, string>()
  for (const pair of text.split(',')) {
    const [, name, encoded = ''] =
      /^ *([\x21-\x2b\x2d-\x7e]+)(?: ([A-Za-z0-9+/=]*))? *$/.exec(pair) ?? []
    const bytes = decodeBase64(encoded)
    const value = bytes === null ? null : readText(bytes)
    if (name === undefined || value === null || metadata.has(name)) return fault
    metadata.set(name, value)
  }
  return Object.fromEntries(metadata)
}

/** Reads `Upload-Checksum`: an algorithm and base64. */
export function readChecksum(text: string | null): AppendChecksum | null | TusRefusal {
  if (text === null) return null
  const [, algorithm = '', value = ''] = /^(\w+) ([A-Za-z0-9+/]+=*)$/.exec(text) ?? []
  if (isAlgorithm(algorithm)) return { algorithm, value }
  return { refused: 400, why: `Upload-Checksum knows ${APPEND_CHECKSUMS.join(', ')}` }
}

/** @returns What `Upload-Concat` asks for; ids of a final upload's parts, all below `path` */
export function readConcat(
  text: string | null,
  path: string,
  base: string,
): { readonly partial: true } | { readonly parts: readonly string[] } | null | TusRefusal {
  if (text === null) return null
  if (text === 'partial') return { partial: true }
  if (!text.startsWith('final;')) return { refused: 400, why: 'Upload-Concat is malformed' }
  const parts = text
    .slice('final;'.length)
    .split(' ')
    .map((url) => /^\/([\w-]{22})$/.exec(pathBelow(url, path, base))?.[1] ?? null)
    .filter((id) => id !== null)
  if (parts.length === text.split(' ').length && parts.length <= MOST_PARTIALS) return { parts }
  return { refused: 400, why: 'Upload-Concat names what is no upload here' }
}

/** Each is looked up before anything else is known of who asks. */
const MOST_PARTIALS = 32

function pathBelow(url: string, path: string, base: string): string {
  const { pathname } = URL.parse(url, base) ?? { pathname: '' }
  return pathname.startsWith(path) ? pathname.slice(path.length) : ''
}

function isAlgorithm(name: string): name is AppendChecksum['algorithm'] {
  return APPEND_CHECKSUMS.includes(name)
}

function readText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Whether a header could not be read. */
export function isRefusal(value: unknown): value is TusRefusal {
  return typeof value === 'object' && value !== null && 'refused' in value
}
