/** Half of what a run holds before it is cut in two. */
const RUN = 512

/**
 * Values kept in order, in runs of bounded length: O(log n) to find, and to insert or remove moves
 * no more than one run and, seldom, the list of runs.
 */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number
  /** None is empty. */
  readonly #runs: T[][] = []
  #size = 0

  /** @param compare A total order: 0 only for the same value */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#size
  }

  at(index: number): T | undefined {
    let offset = index
    for (const run of this.#runs) {
      if (offset < run.length) return run[offset]
      offset -= run.length
    }
    return undefined
  }

  /** @returns A copy of the values from `start` up to, not including, `end` */
  slice(start: number, end: number = this.#size): T[] {
    const values: T[] = []
    let offset = 0
    for (const run of this.#runs) {
      if (offset >= end) break
      if (offset + run.length > start)
        values.push(...run.slice(Math.max(start - offset, 0), end - offset))
      offset += run.length
    }
    return values
  }

  add(value: T): void {
    const { run, index } = this.#placeOf((other) => this.#compare(other, value) < 0)
    // Behind all others: what comes in order fills runs.
    const last = run === this.#runs.length ? Math.max(run - 1, 0) : run
    const into = (this.#runs[last] ??= [])
    into.splice(last === run ? index : into.length, 0, value)
    this.#size++
    if (into.length < 2 * RUN) return
    // One that grows at its end is left full: nothing is likely to come between its values.
    const grew = last !== run
    this.#runs.splice(last + 1, 0, into.splice(grew ? into.length - 1 : RUN))
  }

  remove(value: T): void {
    const { run, index } = this.#placeOf((other) => this.#compare(other, value) < 0)
    const from = this.#runs[run]
    const found = from?.[index]
    if (from === undefined || found === undefined || this.#compare(found, value) !== 0) return
    from.splice(index, 1)
    this.#size--
    if (from.length === 0) this.#runs.splice(run, 1)
  }

  /** @returns Where `value` is or would be: the first index whose value is not before it */
  indexOf(value: T): number {
    return this.countWhile((other) => this.#compare(other, value) < 0)
  }

  /**
   * @param isBefore True for the first values, however many, and false for all others
   * @returns For how many it is true
   */
  countWhile(isBefore: (value: T) => boolean): number {
    const { run, index } = this.#placeOf(isBefore)
    let count = index
    for (let before = 0; before < run; before++) count += this.#runs[before]?.length ?? 0
    return count
  }

  /** @returns The first value that is not before; `run` is behind all runs where there is none */
  #placeOf(isBefore: (value: T) => boolean): { readonly run: number; readonly index: number } {
    const run = countTrue(this.#runs.length, (at) => {
      const values = this.#runs[at] ?? []
      // Runs are not empty.
      return isBefore(values.at(-1) as T)
    })
    const values = this.#runs[run] ?? []
    return { run, index: countTrue(values.length, (at) => isBefore(values[at] as T)) }
  }
}

/** @returns For how many of the first of `length` indexes it is true, by halving */
function countTrue(length: number, isTrue: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isTrue(middle)) low = middle + 1
    else high = middle
  }
  return low
}
