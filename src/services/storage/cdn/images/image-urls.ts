import { percentEncodePath } from '../../../../primitives/percent.ts'
import { checkBlobKey } from '../../blobs/blob-key.ts'
import { checkImageOperations } from '../../media/check-image-operations.ts'
import type { ImageFormat, ImageOperations } from '../../media/image-operations.ts'
import { MediaError } from '../../media/media-error.ts'

/**
 * What a server of images is asked for. `auto`, the default, is the format that the server finds
 * best for the browser.
 */
export interface ImageUrlOperations extends Omit<ImageOperations, 'format' | 'watermark'> {
  readonly format?: 'auto' | ImageFormat
}

/** URLs under which a server makes images of objects when they are asked for. */
export interface ImageUrls {
  /**
   * @throws MediaError `invalid_operation`; `unsupported` for what the server cannot do
   * @throws StorageError `invalid_key`
   */
  url(key: string, operations?: ImageUrlOperations): string
}

/** @returns The operations, without their format, once checked */
export function checkUrlOperations(
  action: string,
  { format = 'auto', ...given }: ImageUrlOperations,
): Omit<ImageOperations, 'format'> & { readonly format: 'auto' | ImageFormat } {
  const { format: one, ...rest } = checkImageOperations(action, {
    ...given,
    ...(format !== 'auto' && { format }),
  })
  return { ...rest, format: one ?? 'auto' }
}

/** @throws MediaError `unsupported` for the first of `names` that holds */
export function refuseOperations(action: string, names: Readonly<Record<string, boolean>>): void {
  const [first] = Object.entries(names).find(([, holds]) => holds) ?? []
  if (first !== undefined)
    throw new MediaError('unsupported', `Cannot ${action}: there is no way to say ${first}`)
}

/** @returns Where the server reads an object */
export function sourceOf(source: string, key: string): string {
  return `${source}/${percentEncodePath(checkBlobKey(key))}`
}

/**
 * @returns `text` without its last slash
 * @throws TypeError when it is no URL of one of `schemes`
 */
export function checkBase(
  action: string,
  name: string,
  text: string,
  schemes: readonly string[],
): string {
  const parsed = typeof text === 'string' ? URL.parse(text) : null
  if (parsed === null || !schemes.includes(parsed.protocol) || /[?#\s]/.test(text))
    throw new TypeError(`Cannot ${action}: ${name} is no URL without a query`)
  return text.replace(/\/+$/, '')
}

/** @returns `#rrggbb` without `#` @throws MediaError `unsupported` where it is see-through */
export function plainColour(action: string, colour: string): string {
  const digits = colour.slice(1).toLowerCase()
  refuseOperations(action, { 'a background that is see-through': digits.length === 8 })
  return digits.length === 6 ? digits : digits.replace(/./g, '$&$&')
}
