import type { CaseResult } from '../test/conformance/run-suites.ts'

/** How many cases ended how. */
export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Where the matrix is written. */
export const MATRIX_PAGE = 'docs/matrix.md'

const START = '<!-- matrix: written by npm run matrix -->'
const END = '<!-- /matrix -->'
const COLUMNS = ['node', 'deno', 'bun', 'workerd']

/** @returns How many of the results ended how */
export function totalsOf(results: readonly CaseResult[]): Totals {
  const count = (outcome: CaseResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
}

/** @returns Why nothing at all of a subject ran on an adapter, a sentence each */
export function leftOut(results: readonly CaseResult[]): string[] {
  const rows = Map.groupBy(results, ({ subject, adapter }) => `${subject}\0${adapter}`)
  return [...rows.values()]
    .filter((row) => row.every(({ outcome }) => outcome === 'skipped'))
    .flatMap(reasonsOf)
}

/**
 * @returns The results as a table, subject × adapter × runtime, with the reasons of what was
 *   skipped and what failed below it
 */
export function textMatrix(results: readonly CaseResult[]): string {
  const table = aligned([['subject', 'adapter', ...COLUMNS], ...rowsOf(results, countsOf)])
  const reasons = reasonsOf(results).map((reason) => `skipped: ${reason}`)
  const failures = results
    .filter(({ outcome }) => outcome === 'failed')
    .map(
      ({ runtime, subject, adapter, name, detail = '' }) =>
        `\nFAIL ${runtime}: ${subject} ${adapter} ${name}\n${detail}`,
    )
  return [...table.map((row) => row.join('  ').trimEnd()), ...reasons, ...failures].join('\n')
}

/** @returns `page` with its matrix replaced, or `undefined` where it has no place for one */
export function withMatrix(page: string, results: readonly CaseResult[]): string | undefined {
  const start = page.indexOf(START)
  const end = page.indexOf(END)
  if (start < 0 || end < start) return undefined
  return `${page.slice(0, start)}${START}\n\n${markdownMatrix(results)}\n\n${page.slice(end)}`
}

function markdownMatrix(results: readonly CaseResult[]): string {
  const [head = [], ...rows] = aligned([
    ['promise', 'kept by', ...COLUMNS],
    ...rowsOf(results, markOf),
  ])
  const rule = head.map((cell) => '-'.repeat(cell.length))
  const table = [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`)
  const reasons = reasonsOf(results).map((reason) => `- ${reason}`)
  return [...table, ...(reasons.length > 0 ? ['', 'Left out, and why:', '', ...reasons] : [])].join(
    '\n',
  )
}

function aligned(table: readonly (readonly string[])[]): string[][] {
  const width = (column: number): number =>
    Math.max(...table.map((row) => row[column]?.length ?? 0))
  return table.map((row) => row.map((cell, column) => cell.padEnd(width(column))))
}

/** One row for each subject and adapter, in the order in which they first appear. */
function rowsOf(
  results: readonly CaseResult[],
  cellOf: (results: readonly CaseResult[]) => string,
): string[][] {
  const rows = Map.groupBy(results, ({ subject, adapter }) => `${subject}\0${adapter}`)
  return [...rows.values()].flatMap((row) => {
    const [first] = row
    if (first === undefined) return []
    const cells = COLUMNS.map((column) => cellOf(row.filter(({ runtime }) => runtime === column)))
    return [[first.subject, first.adapter, ...cells]]
  })
}

function countsOf(results: readonly CaseResult[]): string {
  const { passed, failed, skipped } = totalsOf(results)
  if (results.length === 0) return '-'
  return [
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    `${passed}`,
    ...(skipped > 0 ? [`(${skipped} skipped)`] : []),
  ].join(' ')
}

function markOf(results: readonly CaseResult[]): string {
  const { passed, failed, skipped } = totalsOf(results)
  if (failed > 0) return '✗'
  if (passed === 0) return ''
  return skipped > 0 ? '✓ in part' : '✓'
}

function reasonsOf(results: readonly CaseResult[]): string[] {
  const skipped = results.filter(({ outcome }) => outcome === 'skipped')
  const reasons = Map.groupBy(
    skipped,
    ({ subject, adapter, detail = '' }) => `${subject} on ${adapter}: ${detail}`,
  )
  return [...reasons].map(([reason, cases]) => {
    const runtimes = [...new Set(cases.map(({ runtime }) => runtime))]
    return `${reason} (${runtimes.join(', ')})`
  })
}
