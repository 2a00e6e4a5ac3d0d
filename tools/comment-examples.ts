import { dirname, join } from 'node:path'
import { doors } from './doors.ts'
import type { Example } from './check-examples.ts'
import { parseModule } from './parse-module.ts'
import { sourceFiles } from './source-files.ts'

/** Names that examples speak of and that mean something else in a browser. */
const AROUND: readonly (readonly [use: RegExp, declaration: string])[] = [
  [/(?<!const )\bstop\b/, 'const stop = new AbortController()'],
  [
    /extends DurableObject\b/,
    'declare class DurableObject { ctx: { waitUntil(work: Promise<unknown>): void }; env: unknown }',
  ],
  [/\bz\.\w+\(/, "import * as z from 'zod'"],
]

/** @returns The code of an `@example` in a doc comment's text, each line where it stood; `undefined` where there is none */
export function exampleIn(comment: string): string | undefined {
  const match = /^ *\* @example\n((?: *\*(?: (?!@).*)?\n)*)/m.exec(`${comment}\n`)
  if (match === null) return undefined
  const code = (match[1] ?? '').replaceAll(/^ *\* ?/gm, '').replaceAll(/^```.*$/gm, '')
  return `${'\n'.repeat(comment.slice(0, match.index).split('\n').length)}${code}`
}

/**
 * The examples in doc comments as programs that can be compiled: each in a function of its own, so
 * that it may `return`, with what the package exports imported. What else it speaks of (`request`,
 * `backend`) need not be declared.
 */
export function commentExamples(root: string): Example[] {
  const exported = exportsOf(root)
  return sourceFiles(root, ['src']).flatMap((page) => {
    const { text, parsed } = parseModule(join(root, page))
    return parsed.comments.flatMap(({ start, value }) => {
      const found = exampleIn(value)
      if (found === undefined) return []
      const line = text.slice(0, start).split('\n').length
      return [{ page, line, code: programOf(page, found, exported), run: false }]
    })
  })
}

/** The names of all doors, with the doors that have them. */
function exportsOf(root: string): ReadonlyMap<string, readonly (typeof doors)[number][]> {
  const exported = new Map<string, (typeof doors)[number][]>()
  for (const door of doors)
    for (const { name } of parseModule(join(root, door.source)).exports)
      exported.set(name, [...(exported.get(name) ?? []), door])
  return exported
}

function programOf(page: string, code: string, exported: ReturnType<typeof exportsOf>): string {
  const written = [...code.matchAll(/^import .*$/gm)].map(([line]) => line)
  const body = code.replaceAll(/^import .*$/gm, '')
  const imported = [...new Set(body.match(/(?<![.\w'])[A-Za-z_]\w*(?!\w*:)/g))].flatMap((name) => {
    const found = exported.get(name)
    if (found === undefined || written.some((line) => line.includes(name))) return []
    if (new RegExp(`\\b(?:const|function|class) (?:{[^}]*)?${name}\\b`).test(body)) return []
    // Of several doors the one that the example's file stands behind.
    const near = found.toSorted((left, right) => closeness(page, right) - closeness(page, left))
    return `import { ${name} } from '@white-cross/reuse/${near[0]?.subpath.slice(2)}'`
  })
  const first = [
    ...written,
    ...imported,
    ...AROUND.flatMap(([use, line]) => (use.test(body) && !code.includes(line) ? [line] : [])),
  ].join('; ')
  // What a file exports stands at its top, and has no `return` beside it.
  return /^export /m.test(body)
    ? `${first}; ${body}`
    : `${first}; export async function example() { ${body}\n}`
}

function closeness(page: string, { source }: (typeof doors)[number]): number {
  if (source === page) return Infinity
  const folder = `${dirname(source)}/`
  return page.startsWith(folder) ? folder.length : 0
}
