import { printable, printableJson } from './printable.ts'

/** Where text goes. */
export interface TextOutput {
  write(text: string): Promise<void>
}

/** Where results go. */
export interface ResultOutput extends TextOutput {
  write(chunk: string | Uint8Array): Promise<void>
}

/** Prints results: for people, or one line of JSON for each. */
export interface Output {
  readonly isJson: boolean
  /** One result. @param text What people read in its place */
  result(value: unknown, text: string): Promise<void>
  /** Many, in columns for people. */
  table<Entry>(columns: Columns<Entry>, entries: readonly Entry[]): Promise<void>
  /** Something beside the results, on stderr. */
  note(text: string): Promise<void>
  bytes(chunk: Uint8Array): Promise<void>
}

/** The cells of a row, by the heading of their column. */
export type Columns<Entry> = Readonly<Record<string, (entry: Entry) => unknown>>

/** Makes an {@link Output}; no text of others reaches a terminal as a command to it. */
export function createOutput(stdout: ResultOutput, stderr: TextOutput, isJson: boolean): Output {
  const print = async (value: unknown, text: string): Promise<void> =>
    stdout.write(`${isJson ? printableJson(value) : printable(text)}\n`)
  return {
    isJson,
    result: print,
    async table(columns, entries) {
      const rows = entries.map((entry) =>
        Object.values(columns).map((cell) => printable(cell(entry))),
      )
      const widths = Object.keys(columns).map((heading, column) =>
        Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
      )
      if (!isJson && entries.length > 0) await print(null, aligned(Object.keys(columns), widths))
      for (const [index, entry] of entries.entries())
        await print(entry, aligned(rows[index] ?? [], widths))
    },
    note: (text) => stderr.write(`${printable(text)}\n`),
    bytes: (chunk) => stdout.write(chunk),
  }
}

function aligned(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd()
}
