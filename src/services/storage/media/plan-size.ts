import type { ImageOperations } from './image-operations.ts'

/** Pixels of an image. */
export interface ImageSize {
  readonly width: number
  readonly height: number
}

/**
 * Says what size operations come to, before any of them is begun: with one side alone given, a
 * picture of 1 by 16,000 pixels would become 16,384 by 262 million.
 *
 * @example
 * planImageSize({ width: 400, height: 200 }, { width: 100 }) // { width: 100, height: 50 }
 *
 * @param upright The image as it is displayed
 */
export function planImageSize(upright: ImageSize, operations: ImageOperations): ImageSize {
  const { crop, rotate = 0, width, height, fit = 'cover', enlarge = true } = operations
  const kept = crop ?? upright
  const isTurned = rotate === 90 || rotate === 270
  const from = isTurned ? { width: kept.height, height: kept.width } : kept
  if (width === undefined && height === undefined) return from
  const scales = [
    ...(width === undefined ? [] : [width / from.width]),
    ...(height === undefined ? [] : [height / from.height]),
  ]
  const isBox = scales.length === 2
  if (isBox && (fit === 'fill' || fit === 'cover' || fit === 'contain')) {
    const box = { width: width ?? 0, height: height ?? 0 }
    if (enlarge || fit === 'contain') return box
    return { width: Math.min(box.width, from.width), height: Math.min(box.height, from.height) }
  }
  const wanted = fit === 'outside' ? Math.max(...scales) : Math.min(...scales)
  const scale = enlarge ? wanted : Math.min(wanted, 1)
  return {
    width: Math.max(1, Math.round(from.width * scale)),
    height: Math.max(1, Math.round(from.height * scale)),
  }
}
