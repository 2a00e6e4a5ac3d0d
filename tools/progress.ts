/** What is needed of a terminal: `process.stdout` fits. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** One line at the foot of a terminal that says what is going on. Elsewhere nothing is written. */
export interface Progress {
  /** Puts `text` in the place of what it said before. */
  show(text: string): void
  /** Takes the line away, before something else is printed. */
  clear(): void
}

const CLEAR_LINE = '\r\u001B[2K'

/** @param terminal Default: the process's standard output */
export function createProgress(terminal: Terminal = process.stdout): Progress {
  let shown = false
  return {
    show(text) {
      if (terminal.isTTY !== true) return
      // A line that wraps could not be taken away again.
      terminal.write(`${CLEAR_LINE}${text.slice(0, Math.max((terminal.columns ?? 80) - 1, 0))}`)
      shown = true
    },
    clear() {
      if (!shown) return
      terminal.write(CLEAR_LINE)
      shown = false
    },
  }
}
