import type { OverlayOptions } from 'sharp'
import type { ImageSize, ImageWatermark } from '@white-cross/reuse/infrastructure/storage/media'
import type { SidecarLimits } from '../limits.ts'
import { openImage } from './open-image.ts'

/** Draws a watermark in the size and at the place that it has on an image of `size`. */
export async function drawWatermark(
  bytes: Uint8Array<ArrayBuffer>,
  watermark: ImageWatermark,
  size: ImageSize,
  limits: SidecarLimits['image'],
): Promise<OverlayOptions> {
  const { position = 'bottom-right', scale = 0.2, opacity = 1, margin = 16 } = watermark
  const { info, decode } = openImage(bytes, limits, false)
  const room = {
    width: Math.max(1, size.width - 2 * margin),
    height: Math.max(1, size.height - 2 * margin),
  }
  const wanted = Math.max(1, Math.round(size.width * scale))
  const factor = Math.min(wanted / info.width, room.width / info.width, room.height / info.height)
  const width = Math.min(size.width, Math.max(1, Math.round(info.width * factor)))
  const height = Math.min(size.height, Math.max(1, Math.round(info.height * factor)))
  const input = await decode(false)
    .autoOrient()
    .resize({ width, height, fit: 'fill' })
    .ensureAlpha()
    .composite([
      {
        input: Buffer.from([255, 255, 255, Math.round(opacity * 255)]),
        raw: { width: 1, height: 1, channels: 4 },
        tile: true,
        blend: 'dest-in',
      },
    ])
    .png()
    .toBuffer()
  const at = (whole: number, part: number, start: boolean, end: boolean): number => {
    const free = whole - part
    if (start) return Math.min(margin, free)
    return end ? Math.max(0, free - margin) : Math.floor(free / 2)
  }
  return {
    input,
    left: at(size.width, width, position.includes('left'), position.includes('right')),
    top: at(size.height, height, position.includes('top'), position.includes('bottom')),
  }
}
