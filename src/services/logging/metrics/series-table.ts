import { utf8Length } from '../../../primitives/utf8.ts'
import type { Exemplar } from './metric-family.ts'

/** Labels as they are given with a value. */
export type LabelValues<Label extends string> = {
  readonly [Name in Label]?: string | number | boolean
}

/** One series while it counts. */
export interface LiveSeries {
  readonly labels: readonly string[] | null
  value: number
  counts: number[] | undefined
  at: number
  exemplars: (Exemplar | undefined)[] | undefined
}

/** Longest value of a label; longer ones are cut. */
const MAX_LABEL_LENGTH = 200
/**
 * Bytes of labels and numbers of buckets that one metric keeps, so that what is stored of it fits
 * one entry of a store.
 */
const MAX_LABEL_BYTES = 350_000
const MAX_COUNTS = 20_000

/** How many series with these buckets fit one entry of a store. */
export function mostSeries(most: number, bounds: readonly number[] = []): number {
  return Math.min(most, Math.floor(MAX_COUNTS / (bounds.length + 1)))
}

/** Counts the room that labels take; what no longer fits is refused. */
export function createLabelRoom(): (labels: readonly string[]) => boolean {
  let left = MAX_LABEL_BYTES
  return (labels) => {
    const bytes = utf8Length(JSON.stringify(labels))
    if (bytes > left) return false
    left -= bytes
    return true
  }
}

/** The series of one metric by their labels, up to a number of them. */
export class SeriesTable {
  readonly labelNames: readonly string[]
  readonly series: LiveSeries[] = []
  /** Grows with each change, so that who sends can tell what is new. */
  changes = 0
  readonly #byKey = new Map<string, LiveSeries>()
  readonly #create: (labels: readonly string[] | null) => LiveSeries
  readonly #most: number
  readonly #onOverflow: () => void
  readonly #hasRoom = createLabelRoom()
  #overflow: LiveSeries | undefined
  /** Whether a value was there that is not shown as it is, or has what stands between values. */
  #exact = false

  constructor(
    labelNames: readonly string[],
    most: number,
    create: (labels: readonly string[] | null) => LiveSeries,
    onOverflow: () => void,
  ) {
    this.labelNames = labelNames
    this.#most = most
    this.#create = create
    this.#onOverflow = onOverflow
  }

  /** @throws TypeError when there is a label of another name */
  of(labels: LabelValues<string> | undefined): LiveSeries {
    const { labelNames } = this
    this.changes++
    if (this.#exact) return this.#ofExact(labels)
    let key = ''
    for (let at = 0; at < labelNames.length; at++) {
      const value = labels?.[labelNames[at] as string]
      key +=
        typeof value === 'string' ? `${value}\n` : value === undefined ? '\n' : `${textOf(value)}\n`
    }
    return this.#byKey.get(key) ?? this.#add(key, labels)
  }

  #add(key: string, labels: LabelValues<string> | undefined): LiveSeries {
    const given: unknown = labels ?? {}
    if (typeof given !== 'object')
      throw new TypeError(`Cannot count: labels are of another kind, an object expected`)
    for (const name of Object.keys(labels ?? {}))
      if (!this.labelNames.includes(name))
        throw new TypeError(
          `Cannot count: label ${JSON.stringify(name.slice(0, 50))} is not known, ${this.labelNames.join(', ') || 'none'} expected`,
        )
    if (!this.#exact && this.labelNames.some((name) => isOdd(textOf(labels?.[name])))) {
      // From now on by what is shown: no two series may look alike.
      this.#exact = true
      this.#byKey.clear()
      for (const one of this.series)
        if (one.labels !== null) this.#byKey.set(JSON.stringify(one.labels), one)
      return this.#ofExact(labels)
    }
    const values = this.#shown(labels)
    if (this.series.length >= this.#most || !this.#hasRoom(values)) {
      this.#onOverflow()
      if (this.#overflow === undefined) this.series.push((this.#overflow = this.#create(null)))
      return this.#overflow
    }
    const series = this.#create(values)
    this.series.push(series)
    this.#byKey.set(key, series)
    return series
  }

  #ofExact(labels: LabelValues<string> | undefined): LiveSeries {
    const key = JSON.stringify(this.#shown(labels))
    return this.#byKey.get(key) ?? this.#add(key, labels)
  }

  #shown(labels: LabelValues<string> | undefined): readonly string[] {
    return this.labelNames.map((name) =>
      textOf(labels?.[name]).slice(0, MAX_LABEL_LENGTH).toWellFormed(),
    )
  }
}

function isOdd(text: string): boolean {
  return text.length > MAX_LABEL_LENGTH || text.includes('\n') || !text.isWellFormed()
}

/** What cannot be read must not stop whoever counts. */
function textOf(value: unknown): string {
  try {
    // Labels are texts, numbers and booleans; plain JavaScript may give anything.
    return `${(value ?? '') as string}`
  } catch {
    return '[Unreadable]'
  }
}
