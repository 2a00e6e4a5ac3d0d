import { join } from 'node:path'
import { parseModule } from './parse-module.ts'
import { report } from './report.ts'
import { sourceFiles } from './source-files.ts'

/** As wide as code: what is longer is not read. */
const MOST_CHARS = 100

/** Words that a native speaker would not write. */
const STIFF =
  /\bfor want of\b|\bbelongs? into\b|\bwhat \{@link \w+\} stands on\b|\bis no list of texts\b/i

/** Looks at every comment of `src`. @returns One sentence for each line that is too long, or stiff */
export function checkProse(root: string, folders: readonly string[] = ['src']): string[] {
  const files = sourceFiles(root, folders)
  return files.flatMap((path) => {
    const { text, parsed } = parseModule(join(root, path))
    const lines = text.split('\n')
    const lineOf = createLineFinder(text)
    return parsed.comments.flatMap(({ start, end }) => {
      const [first, last] = [lineOf(start), lineOf(end)]
      return lines
        .slice(first - 1, last)
        .flatMap((line, index) => problemOf(line, `${path}:${first + index}`))
    })
  })
}

function problemOf(line: string, where: string): string[] {
  const comment = /(?:\/\/|\/\*|^\s*\*).*$/.exec(line)?.[0] ?? line
  // An address or a name that cannot be divided.
  const whole = /^\W*\S+$/.test(comment.replace(/^\s*(?:\/\*\*?|\*|\/\/)\s?/, ''))
  return [
    ...(line.length > MOST_CHARS && !whole && !isDirective(comment)
      ? [`${where} has a comment of ${line.length} characters, ${MOST_CHARS} at most`]
      : []),
    ...(STIFF.test(comment) ? [`${where} says ${STIFF.exec(comment)?.[0]}: say it plainly`] : []),
  ]
}

/** @returns A function that says on which line, from 1, a character stands; asked in rising order */
function createLineFinder(text: string): (offset: number) => number {
  let line = 1
  let at = 0
  return (offset) => {
    for (; at < offset; at++) if (text[at] === '\n') line++
    return line
  }
}

/** What a tool reads must stand on one line. */
function isDirective(comment: string): boolean {
  return /\b(?:oxlint|eslint|oxfmt)-(?:disable|ignore)|@ts-expect-error|<reference /.test(comment)
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  report('prose', checkProse(root), `${sourceFiles(root, ['src']).length} files`)
}
