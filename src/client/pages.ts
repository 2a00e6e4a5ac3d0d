/**
 * Pages of a list. Awaited, it is the first one; in `for await` it goes through the entries of all,
 * asking for each page when it is needed.
 */
export interface Pages<Page, Entry> extends PromiseLike<Page>, AsyncIterable<Entry> {
  /** The pages themselves, one after the other. */
  pages(): AsyncIterable<Page>
}

/** @param entries The name of the answer's list */
export function createPages(
  entries: string,
  ask: (cursor: string | undefined) => Promise<unknown>,
): Pages<unknown, unknown> {
  let first: Promise<unknown> | undefined
  const start = (): Promise<unknown> => (first ??= ask(undefined))

  async function* pages(): AsyncGenerator<unknown, void> {
    const seen = new Set<string>()
    let page = await start()
    for (;;) {
      yield page
      const cursor = memberOf(page, 'cursor')
      // A cursor that comes again would never end.
      if (typeof cursor !== 'string' || seen.has(cursor)) return
      seen.add(cursor)
      page = await ask(cursor)
    }
  }

  return {
    // It is awaited like a promise, as those of other clients are.
    // oxlint-disable-next-line unicorn/no-thenable
    then: (done, failed) => start().then(done, failed),
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) {
        const list = memberOf(page, entries)
        if (Array.isArray(list)) yield* list
      }
    },
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
