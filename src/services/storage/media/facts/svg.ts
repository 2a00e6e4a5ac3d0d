import type { FoundImage } from './image-bytes.ts'

/** As much as is looked at: the root element stands at the start. */
const LOOKED_AT = 4096

/** Reads the size that an SVG file gives itself; what is without one has 300 by 150 pixels. */
export function readSvg(bytes: Uint8Array): FoundImage | null {
  const text = new TextDecoder().decode(bytes.subarray(0, LOOKED_AT))
  if (!/^\s*(?:<\?xml|<!--|<!DOCTYPE|<svg)/i.test(text)) return null
  const [, root] = /<svg\b([^>]*)/.exec(text) ?? []
  if (root === undefined) return null
  const box = /\bviewBox\s*=\s*["']\s*[-\d.e]+[\s,]+[-\d.e]+[\s,]+([\d.e]+)[\s,]+([\d.e]+)/.exec(
    root,
  )
  const [width, height] = [lengthOf(root, 'width'), lengthOf(root, 'height')]
  const ratio = box === null ? null : Number(box[1]) / Number(box[2])
  if (width !== null && height !== null) return { width, height, hasAlpha: true }
  if (ratio !== null && Number.isFinite(ratio) && ratio > 0) {
    if (width !== null) return { width, height: Math.round(width / ratio), hasAlpha: true }
    if (height !== null) return { width: Math.round(height * ratio), height, hasAlpha: true }
    return {
      width: Math.round(Number(box?.[1])),
      height: Math.round(Number(box?.[2])),
      hasAlpha: true,
    }
  }
  return { width: width ?? 300, height: height ?? 150, hasAlpha: true }
}

function lengthOf(root: string, name: string): number | null {
  const [, value] =
    new RegExp(`\\s${name}\\s*=\\s*["']\\s*([\\d.]+)(?:px)?\\s*["']`).exec(root) ?? []
  const length = value === undefined ? NaN : Math.round(Number(value))
  return length > 0 ? length : null
}
