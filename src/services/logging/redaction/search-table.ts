import type { Names } from './names.ts'
import type { FoundSpans } from './text-rule.ts'

/** Longer lines are no table that people write. */
const LONGEST_HEAD = 2000
const MOST_COLUMNS = 200
const LONGEST_NAME = 100

/** After a name that may be a column's: `,`, `;`, a tab, `|`, an end of a line. */
const AFTER_HEAD = [44, 59, 9, 124, 10, 13]
const QUOTES = [34, 39, 96]
const SPACE = 32
const CLOSING = 41

/** A column's name: a few words, and no number. */
const HEAD = /^[A-Za-z_][\w.'#/-]{0,40}(?: [\w.'#/()-]{1,30}){0,3}$/
/** Between the names of a table in Markdown and its rows. */
const RULER = /^[|\s:-]+$/
/** What a value is when there is none, or was hidden before. */
const NOTHING = /^(?:$|null$|none$|n\/a$|\[[A-Z][A-Z -]*[\]:_]|\*{3})/i

interface Cell {
  readonly start: number
  readonly end: number
}

/**
 * Where a name may be a column's, finds the values beneath it: in CSV with any separator, tables of
 * Markdown, and rows that SQL inserts.
 */
export function searchTable(
  text: string,
  codes: Uint8Array,
  start: number,
  end: number,
  names: Names,
  found: FoundSpans,
): void {
  let after = end
  while (codes[after] === SPACE || QUOTES.includes(codes[after] as number)) after++
  const separator = codes[after] as number
  if (start < found.tableEnd || after - end > 4) return
  if (separator === CLOSING || separator === 44) {
    if (searchInsert(text, start, names, found)) return
    if (separator === CLOSING) return
  }
  if (!AFTER_HEAD.includes(separator)) return
  const from = Math.max(0, start - LONGEST_HEAD)
  const begins = text.slice(from, start).lastIndexOf('\n') + 1
  const ends = text.slice(start, start + LONGEST_HEAD).indexOf('\n')
  // Its other names need not be tried.
  found.tableEnd = start + (ends < 0 ? LONGEST_HEAD : ends)
  if (ends < 0 || (begins === 0 && from > 0)) return
  const head = { start: from + begins, end: start + ends }
  const mark = separator === 10 || separator === 13 ? separatorBefore(codes, start) : separator
  if (mark === undefined) return
  const cells = cellsOf(text, head, String.fromCharCode(mark))
  if (cells.length < 2 || cells.length > MOST_COLUMNS) return
  const columns = columnsOf(text, cells, mark === 124, names)
  if (columns !== undefined) addRows(text, head.end + 1, columns, String.fromCharCode(mark), found)
}

/** What stands before the last name of a line. */
function separatorBefore(codes: Uint8Array, start: number): number | undefined {
  for (let at = start - 1; at >= 0 && start - at < LONGEST_NAME; at--) {
    const code = codes[at] as number
    if (code === 10 || code === 13) return undefined
    if (AFTER_HEAD.includes(code)) return code
  }
  return undefined
}

/** The rule of each column; `undefined` where not all look like names, or none has a rule. */
function columnsOf(
  text: string,
  cells: readonly Cell[],
  mayBeEmpty: boolean,
  names: Names,
): readonly (string | undefined)[] | undefined {
  let isKnown = false
  const isSentence = text[(cells[1]?.start ?? 0) - 1] === ' '
  const columns: (string | undefined)[] = []
  for (const [at, { start, end }] of cells.entries()) {
    const whole = text.slice(start, end)
    // A text in JSON begins before its first line.
    const name = at === 0 ? whole.slice(whole.lastIndexOf('"') + 1) : whole
    const isEmpty = name === '' && mayBeEmpty
    if (!isEmpty && !HEAD.test(name)) return undefined
    const rule = isEmpty ? undefined : names.under(name)
    // "We need a name, an address" is no table.
    if (rule === undefined && isSentence && / [a-z]/.test(name)) return undefined
    if (rule !== undefined && rule.kind !== 'leave') {
      isKnown = true
      columns.push(rule.rule)
    } else columns.push(undefined)
  }
  return isKnown ? columns : undefined
}

function addRows(
  text: string,
  from: number,
  columns: readonly (string | undefined)[],
  separator: string,
  found: FoundSpans,
): void {
  for (let start = from; start < text.length;) {
    const next = text.indexOf('\n', start)
    const end = next < 0 ? text.length : next
    const cells = cellsOf(text, { start, end }, separator)
    const isRuler = cells.length === columns.length && RULER.test(text.slice(start, end))
    if (cells.length !== columns.length) return
    if (!isRuler)
      for (const [at, cell] of cells.entries()) {
        const rule = columns[at]
        if (rule !== undefined && !NOTHING.test(text.slice(cell.start, cell.end)))
          found.add(cell.start, cell.end, rule)
      }
    found.tableEnd = end
    start = end + 1
  }
}

/** The cells of a line, without their quotes and the spaces around them. */
function cellsOf(
  text: string,
  { start: begin, end: last }: Cell,
  separator: string,
): readonly Cell[] {
  const line = text.slice(begin, last)
  const cells: Cell[] = []
  for (let start = 0; cells.length <= MOST_COLUMNS;) {
    let first = start
    while (line[first] === ' ') first++
    const quote = line[first]
    const closing = quote === '"' || quote === "'" ? line.indexOf(quote, first + 1) : -1
    const next = line.indexOf(separator, closing < 0 ? start : closing)
    const end = next < 0 ? line.length : next
    const cell = closing < 0 ? trimmed(line, first, end) : { start: first + 1, end: closing }
    cells.push({ start: begin + cell.start, end: begin + cell.end })
    if (next < 0) break
    start = end + 1
  }
  return cells
}

/** To the quote that ends a text in JSON, and without spaces. */
function trimmed(line: string, start: number, end: number): Cell {
  const quote = line.slice(start, end).indexOf('"')
  let last = quote > 0 ? start + quote : end
  while (last > start && /\s/.test(line[last - 1] ?? '')) last--
  return { start, end: last }
}

const INSERT = /insert\s{1,4}(?:ignore\s{1,4})?into\s{1,4}[^(;\n]{1,100}\([^();]{0,2000}$/i
const VALUES = /^[^()]{0,2000}\)\s{0,20}values\s{0,20}(?=\()/i
const VALUE = /\s*(?:'((?:[^']|'')*)'|"([^"]*)"|([^,()'"]*))\s*([,)])/y

/** @returns Whether the name is one of the columns that a statement inserts into */
function searchInsert(text: string, start: number, names: Names, found: FoundSpans): boolean {
  if (start - found.insertAt > LONGEST_HEAD) return false
  const before = INSERT.exec(text.slice(Math.max(0, start - LONGEST_HEAD), start))
  if (before === null) return false
  const opening = start - before[0].length + before[0].indexOf('(')
  const head = VALUES.exec(text.slice(opening + 1, opening + 1 + 2 * LONGEST_HEAD))
  if (head === null) return false
  found.tableEnd = start + 1
  const closing = text.indexOf(')', opening)
  const columns = text
    .slice(opening + 1, closing)
    .split(',')
    .map((name) => names.under(name.replace(/[\s"'`[\]]/g, '')))
  for (let at = opening + 1 + head[0].length; text[at] === '(';) {
    VALUE.lastIndex = at + 1
    for (const column of columns) {
      const from = VALUE.lastIndex
      const value = VALUE.exec(text)
      if (value === null) return true
      const [all, single, double, bare, mark] = value
      const shown = (single ?? double ?? bare ?? '').trim()
      const first = from + all.indexOf(shown)
      if (column !== undefined && column.kind !== 'leave' && !NOTHING.test(shown))
        found.add(first, first + shown.length, column.rule)
      if (mark === ')') break
    }
    at = found.tableEnd = VALUE.lastIndex
    while (/[\s,]/.test(text[at] ?? '')) at++
  }
  return true
}
