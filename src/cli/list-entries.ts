import type { Pages } from '../client/index.ts'
import type { CommandContext } from './command.ts'
import type { Columns } from './output.ts'

const MOST_ENTRIES = 100_000
const MOST_PER_PAGE = 1000
const DEFAULT_ENTRIES = 100

/**
 * Prints the first entries of a list, as many as `--limit` says, and whether there are more.
 *
 * @param open Asks for pages of so many entries
 */
export async function listEntries<Page, Entry>(
  { options, output }: CommandContext,
  columns: Columns<Entry>,
  open: (limit: number) => Pages<Page, Entry>,
): Promise<boolean> {
  const most = options.integer('limit', 1, MOST_ENTRIES) ?? DEFAULT_ENTRIES
  const entries: Entry[] = []
  let isMore = false
  // One more than is shown says whether there is more.
  for await (const entry of open(Math.min(most + 1, MOST_PER_PAGE))) {
    isMore = entries.length === most
    if (isMore) break
    entries.push(entry)
  }
  await output.table(columns, entries)
  if (isMore) await output.note(`There are more than ${most}: --limit shows others`)
  else if (entries.length === 0 && !output.isJson) await output.note('There are none')
  return true
}
