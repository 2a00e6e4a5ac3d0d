/** When a chunk is full. */
export interface ChunkLimits<Item> {
  readonly items: number
  /** Characters of all its items; an item larger than that stands alone. */
  readonly chars: number
  readonly charsOf: (item: Item) => number
  /** Whether this item must stand alone whatever its size. Default: none must. */
  readonly isAlone?: (item: Item) => boolean
}

/** Splits `items`, in order, into chunks that are not over the limits. */
export function chunkBySize<Item>(items: readonly Item[], limits: ChunkLimits<Item>): Item[][] {
  const { isAlone = () => false } = limits
  const chunks: Item[][] = []
  let chars = Infinity
  for (const item of items) {
    const size = limits.charsOf(item)
    const last = chunks.at(-1)
    if (
      last === undefined ||
      last.length >= limits.items ||
      chars + size > limits.chars ||
      isAlone(item)
    ) {
      chunks.push([item])
      chars = size
    } else {
      last.push(item)
      chars += size
    }
    if (isAlone(item)) chars = Infinity
  }
  return chunks
}
