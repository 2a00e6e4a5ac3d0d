/** Values kept in order by binary search: O(log n) to find, a memory move to insert or remove. */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number
  readonly #values: T[] = []

  /** @param compare A total order: 0 only for the same value */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#values.length
  }

  at(index: number): T | undefined {
    return this.#values[index]
  }

  /** @returns A copy of the values from `start` up to, not including, `end` */
  slice(start: number, end?: number): T[] {
    return this.#values.slice(start, end)
  }

  add(value: T): void {
    const index = this.indexOf(value)
    if (index === this.#values.length) this.#values.push(value)
    else this.#values.splice(index, 0, value)
  }

  remove(value: T): void {
    const index = this.indexOf(value)
    const found = this.#values[index]
    if (found !== undefined && this.#compare(found, value) === 0) this.#values.splice(index, 1)
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
    let low = 0
    let high = this.#values.length
    while (low < high) {
      const middle = (low + high) >>> 1
      // In range by the loop's condition.
      if (isBefore(this.#values[middle] as T)) low = middle + 1
      else high = middle
    }
    return low
  }
}
