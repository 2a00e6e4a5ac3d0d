/** One call of a stack, in Sentry's words. */
export interface StackFrame {
  readonly function?: string | undefined
  readonly filename: string
  readonly lineno?: number | undefined
  readonly colno?: number | undefined
  /** Whether it is the program's own code. */
  readonly in_app: boolean
}

const MOST_FRAMES = 50
/** Of a stack. */
const MOST_LINES = 200
const LONGEST_LINE = 1000

/** `at run (file:1:2)`, `at file:1:2`, `at Array.map (<anonymous>)` of V8, which Bun writes too. */
const V8 = /^\s*at (?:async )?(?:(.+?) \()?(.+?)(?::(\d+):(\d+))?\)?$/
/**
 * `run@file:1:2`, `@file:1:2`, `file:1:2`, `map@[native code]` of JavaScriptCore and SpiderMonkey.
 */
const JSC = /^(?:((?:[^@:/]|\/<)*)@)?(\[native code\]|.+?:\/.*?|\/.*?)(?::(\d+):(\d+))?$/

const FOREIGN =
  /node_modules\/|^(?:node|bun|ext|native|internal|cloudflare|workerd)\b|^\[native|<anonymous>$/

/** Reads an error's stack. @returns Its calls, the one that came first at the beginning */
export function readStackFrames(stack: string): readonly StackFrame[] {
  const lines = stack.split('\n', MOST_LINES).filter(({ length }) => length <= LONGEST_LINE)
  const calls = lines.filter((line) => /^\s+at /.test(line))
  // What does not begin with "at" is the message, which may look like anything.
  const [pattern, own] = calls.length > 0 ? [V8, calls] : [JSC, lines]
  const frames: StackFrame[] = []
  for (const line of own) {
    const [, name, filename, lineno, colno] = pattern.exec(line) ?? []
    if (filename === undefined || frames.length >= MOST_FRAMES) continue
    frames.push({
      function: name || undefined,
      filename,
      // What is undefined is left out as it is written.
      lineno: Number(lineno) || undefined,
      colno: Number(colno) || undefined,
      in_app: !FOREIGN.test(filename),
    })
  }
  return frames.reverse()
}
