import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { systemNow, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { checkBlobKey } from '../blobs/blob-key.ts'

/** What a key is made of. */
export interface FileKeyFacts {
  /** Gives the ending, as `image/png`. Default: none. */
  readonly contentType?: string
  /** What the client calls the file; only letters, digits and hyphens of it remain. */
  readonly filename?: string
  /** Hex; needed where the template has it. */
  readonly sha256?: string
  /** Default: 22 random characters. */
  readonly id?: string
}

/** Options of {@link createFileKeys}. */
export interface FileKeysOptions {
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>
  /** Default: the platform's. */
  readonly random?: Pick<RandomSource, 'bytes'>
}

/** Endings that are made of types, never of what a client says. */
const ENDINGS: Readonly<Record<string, string>> = {
  'application/gzip': 'gz',
  'application/json': 'json',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'audio/wav': 'wav',
  'image/avif': 'avif',
  'image/gif': 'gif',
  'image/heic': 'heic',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/tiff': 'tiff',
  'image/webp': 'webp',
  'text/csv': 'csv',
  'text/plain': 'txt',
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
}

const TOKENS = ['id', 'sha256', 'yyyy', 'mm', 'dd', 'name', 'ext']
const NAME_LENGTH = 60

/**
 * Makes safe and unique keys of a template: `{id}` is random, `{sha256}` the content's, `{yyyy}`,
 * `{mm}` and `{dd}` the day in UTC, `{name}` what is harmless of the client's name, `{ext}` the
 * type's ending with its dot. Whatever a client says, the key stays below the template's folders.
 *
 * @example
 * const keyOf = createFileKeys('avatars/{yyyy}/{mm}/{id}{ext}')
 * keyOf({ contentType: 'image/png' }) // avatars/2026/11/0Gk3…png
 *
 * @returns Makes a key. It throws TypeError when the template has `{sha256}` and the facts do not
 * @throws TypeError when the template is malformed, or has neither `{id}` nor `{sha256}`
 */
export function createFileKeys(
  template: string,
  { clock = { now: systemNow }, random = systemRandom }: FileKeysOptions = {},
): (facts?: FileKeyFacts) => string {
  const names = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
  const unknown = names.find((name) => !TOKENS.includes(name))
  if (unknown !== undefined || /[{}]/.test(template.replace(/\{\w+\}/g, '')))
    throw new TypeError(`Cannot make keys: the template may have {${TOKENS.join('}, {')}}`)
  if (!names.includes('id') && !names.includes('sha256'))
    throw new TypeError('Cannot make keys: a template without {id} or {sha256} gives a key twice')
  checkBlobKey(template.replace(/\{\w+\}/g, 'x'))
  return ({ contentType = '', filename = '', sha256, id } = {}) => {
    if (names.includes('sha256') && !/^[0-9a-f]{64}$/.test(sha256 ?? ''))
      throw new TypeError('Cannot make key: sha256 is missing, 64 hex digits expected')
    const [yyyy = '', mm = '', dd = ''] = new Date(clock.now()).toISOString().split(/[-T]/)
    const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
    const ending = Object.hasOwn(ENDINGS, type) ? `.${ENDINGS[type]}` : ''
    const values: Readonly<Record<string, string>> = {
      id: id ?? encodeBase64Url(random.bytes(16)),
      sha256: sha256 ?? '',
      ...{ yyyy, mm, dd },
      name: harmless(filename),
      ext: ending,
    }
    return checkBlobKey(template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''))
  }
}

/** @returns What of a name is a word in a URL and in every file system, at least `file` */
function harmless(filename: string): string {
  const base = filename
    .slice(-1000)
    .replace(/^.*[/\\]/s, '')
    .replace(/\.[^.]*$/, '')
  const plain = base.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const words = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
  return words.slice(0, NAME_LENGTH).replace(/-+$/, '') || 'file'
}
