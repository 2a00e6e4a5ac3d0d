import { MediaError } from '../media-error.ts'
import type { ImageInfo } from '../media-processor.ts'
import { readGif } from './gif.ts'
import { readHeif } from './heif.ts'
import { ImageBytes, type FoundImage } from './image-bytes.ts'
import { readJpeg } from './jpeg.ts'
import { readPng } from './png.ts'
import { readSvg } from './svg.ts'
import { readTiff } from './tiff.ts'
import { readWebp } from './webp.ts'

/**
 * Reads what an image is from its bytes, without decoding a pixel: an image of 16,000 by 16,000
 * pixels is refused before anything makes room for them. Orientation is read from EXIF.
 *
 * @example
 * const { format, width, height } = readImageInfo(bytes)
 * if (width * height > 50_000_000) throw new Error('Too many pixels')
 *
 * @throws MediaError `unsupported_media` when it is no image of a kind that is known,
 *   `unreadable_media` when it breaks off or contradicts itself
 */
export function readImageInfo(bytes: Uint8Array): ImageInfo {
  const view = new ImageBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const format = formatOf(view)
  try {
    const found = read(format, view, bytes)
    if (found !== null) {
      const { width, height, frames = 1, hasAlpha } = found
      const given = found.orientation ?? 1
      const orientation = given >= 1 && given <= 8 ? given : 1
      const isTurned = orientation >= 5
      if (!(width > 0 && height > 0)) throw new RangeError('No size')
      return {
        format: format ?? 'svg',
        width: isTurned ? height : width,
        height: isTurned ? width : height,
        frames,
        hasAlpha,
        orientation,
      }
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new MediaError('unreadable_media', 'Cannot read image: it breaks off, or is malformed', {
      cause,
    })
  }
  throw new MediaError(
    'unsupported_media',
    'Cannot read image: it is none, JPEG, PNG, WebP, AVIF, HEIF, GIF, TIFF, BMP or SVG expected',
  )
}

type Known = Exclude<ImageInfo['format'], 'svg' | 'pdf'>

function formatOf(bytes: ImageBytes): Known | null {
  if (bytes.has(0, '\x89PNG\r\n\x1a\n') && bytes.has(12, 'IHDR')) return 'png'
  if (bytes.has(0, '\xff\xd8\xff')) return 'jpeg'
  if (bytes.has(0, 'GIF87a') || bytes.has(0, 'GIF89a')) return 'gif'
  if (bytes.has(0, 'RIFF') && bytes.has(8, 'WEBP')) return 'webp'
  if (bytes.has(0, 'II*\0') || bytes.has(0, 'MM\0*')) return 'tiff'
  if (bytes.has(0, 'BM') && bytes.length >= 26) return 'bmp'
  if (!bytes.has(4, 'ftyp')) return null
  const brands = bytes.text(8, Math.max(0, Math.min(bytes.u32(0), 128, bytes.length) - 8))
  if (/avif|avis/.test(brands)) return 'avif'
  return /heic|heix|heim|heis|hevc|mif1|msf1/.test(brands) ? 'heif' : null
}

function read(format: Known | null, view: ImageBytes, bytes: Uint8Array): FoundImage | null {
  switch (format) {
    case 'png':
      return readPng(view)
    case 'jpeg':
      return readJpeg(view)
    case 'gif':
      return readGif(view)
    case 'webp':
      return readWebp(view)
    case 'tiff':
      return readTiff(view)
    case 'bmp':
      return readBmp(view)
    case 'avif':
    case 'heif':
      return readHeif(view)
    case null:
      return readSvg(bytes)
  }
}

function readBmp(bytes: ImageBytes): FoundImage {
  const isOld = bytes.u32(14, true) === 12
  return isOld
    ? { width: bytes.u16(18, true), height: bytes.u16(20, true), hasAlpha: false }
    : {
        width: Math.abs(bytes.i32(18, true)),
        height: Math.abs(bytes.i32(22, true)),
        hasAlpha: bytes.u16(28, true) === 32,
      }
}
