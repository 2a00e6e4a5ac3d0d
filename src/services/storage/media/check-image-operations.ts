import type { ImageOperations } from './image-operations.ts'
import { MediaError } from './media-error.ts'

type Check = (value: unknown) => boolean

const POSITIONS = [
  'center',
  'top',
  'right',
  'bottom',
  'left',
  'top-left',
  'top-right',
  'bottom-left',
  'bottom-right',
]
const isFlag: Check = (value) => typeof value === 'boolean'
const pixels = whole(1, 16_384)
const share: Check = (value) => typeof value === 'number' && value > 0 && value <= 1
const area = members({
  left: whole(0, 100_000),
  top: whole(0, 100_000),
  width: whole(1, 100_000),
  height: whole(1, 100_000),
})

const CHECKS: Readonly<Record<keyof ImageOperations, Check>> = {
  width: pixels,
  height: pixels,
  fit: oneOf('cover', 'contain', 'inside', 'outside', 'fill'),
  enlarge: isFlag,
  position: oneOf(...POSITIONS, 'attention', 'entropy'),
  crop: (value) => area(value) && Object.keys(value as object).length === 4,
  rotate: oneOf(0, 90, 180, 270),
  flip: oneOf('horizontal', 'vertical'),
  background: (value) =>
    typeof value === 'string' && /^#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(value),
  format: oneOf('jpeg', 'png', 'webp', 'avif', 'gif'),
  quality: whole(1, 100),
  blur: between(0.3, 250),
  sharpen: between(0.3, 10),
  grayscale: isFlag,
  watermark: members({
    image: (value) => typeof value === 'object' && value !== null,
    position: oneOf(...POSITIONS),
    scale: share,
    opacity: share,
    margin: whole(0, 16_384),
  }),
  metadata: oneOf('strip', 'icc'),
  orient: isFlag,
  animated: isFlag,
}

/**
 * Checks what is to be done to an image, for whoever makes images: what is unknown is refused, and
 * what is out of range.
 *
 * @param action What cannot be done then, for the error: `make image`
 * @returns Those that are given
 * @throws MediaError `invalid_operation`, which names the operation and never its value
 *
 * @example
 * checkImageOperations('make image', { width: 400, format: 'webp' })
 */
export function checkImageOperations(action: string, operations: ImageOperations): ImageOperations {
  const entries = Object.entries(operations).filter(([, value]) => value !== undefined)
  for (const [name, value] of entries) {
    const known = Object.hasOwn(CHECKS, name)
    if (known && CHECKS[name as keyof ImageOperations](value)) continue
    throw new MediaError(
      'invalid_operation',
      known
        ? `Cannot ${action}: ${name} is out of range`
        : `Cannot ${action}: an operation is unknown`,
    )
  }
  return Object.fromEntries(entries)
}

function whole(least: number, most: number): Check {
  return (value) => Number.isInteger(value) && between(least, most)(value)
}

function between(least: number, most: number): Check {
  return (value) => typeof value === 'number' && value >= least && value <= most
}

function oneOf(...values: readonly unknown[]): Check {
  return (value) => values.includes(value)
}

function members(checks: Readonly<Record<string, Check>>): Check {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(
      ([name, member]) => Object.hasOwn(checks, name) && checks[name]?.(member) === true,
    )
}
