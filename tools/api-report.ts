import { join, posix } from 'node:path'
import type { Comment } from 'oxc-parser'
import { doors, type Door } from './doors.ts'
import { parseModule, type ParsedModule } from './parse-module.ts'

/** Where a name of a door is declared. */
interface Declared {
  readonly path: string
  readonly name: string
}

/**
 * Every public symbol with its signature, as the built declarations have it, without comments.
 *
 * A symbol stands with the first door that exports it; the others name that door.
 *
 * @returns The texts by file name, one a first segment of subpaths: `webhooks.txt`
 */
export function apiReport(root: string, table: readonly Door[] = doors): Map<string, string> {
  const modules = new Map<string, ParsedModule>()
  const load = (path: string): ParsedModule => {
    const known = modules.get(path) ?? parseModule(join(root, path))
    modules.set(path, known)
    return known
  }
  // The root door repeats what the others have, so it goes last.
  const ordered = table.toSorted((a, b) => Number(isRoot(a)) - Number(isRoot(b)))
  const shownAt = new Map<string, string>()
  const parts = new Map<string, string[]>()
  for (const door of ordered) {
    const entries = load(declarationsOf(door.source)).exports.map(({ name }) => {
      const declared = find(load, declarationsOf(door.source), name)
      const key = `${declared.path} ${declared.name}`
      const first = shownAt.get(key)
      if (first === undefined) shownAt.set(key, door.subpath)
      const text =
        first === undefined ? declarationOf(load(declared.path), declared.name) : `// ${first}`
      return `${name}\n${indent(text)}`
    })
    const file = `${isRoot(door) ? 'infrastructure' : (door.subpath.split('/')[2] ?? '')}.txt`
    const part = [`# ${door.subpath}`, ...entries.toSorted(byText)].join('\n\n')
    parts.set(file, [...(parts.get(file) ?? []), part])
  }
  return new Map([...parts].map(([file, texts]) => [file, `${texts.join('\n\n')}\n`]))
}

function isRoot({ subpath }: Door): boolean {
  return subpath === './infrastructure'
}

function declarationsOf(source: string): string {
  return source.replace(/^src\//, 'dist/').replace(/\.ts$/, '.d.ts')
}

function find(load: (path: string) => ParsedModule, path: string, name: string): Declared {
  const entry = load(path).exports.find((exported) => exported.name === name)
  if (entry === undefined) throw new Error(`${path} does not export ${name}`)
  const { from, localName } = entry
  if (from === undefined) return { path, name: localName }
  const target = posix.join(posix.dirname(path), from).replace(/\.ts$/, '.d.ts')
  return find(load, target, localName)
}

/** All declarations of a name (overloads too), one after the other. */
function declarationOf({ parsed, text, exports }: ParsedModule, name: string): string {
  const statements = parsed.program.body.filter((statement) => {
    const declaration = 'declaration' in statement ? statement.declaration : statement
    if (declaration === null || declaration === undefined) return false
    if ('declarations' in declaration)
      return declaration.declarations.some(({ id }) => 'name' in id && id.name === name)
    return 'id' in declaration && nameOf(declaration.id) === name
  })
  if (statements.length === 0) throw new Error(`No declaration of ${name} among ${exports.length}`)
  return statements
    .map(({ start, end }) => withoutComments(text, parsed.comments, start, end))
    .join('\n')
}

function nameOf(id: unknown): unknown {
  return typeof id === 'object' && id !== null && 'name' in id ? id.name : undefined
}

function withoutComments(
  text: string,
  comments: readonly Comment[],
  start: number,
  end: number,
): string {
  let kept = ''
  let at = start
  for (const comment of comments) {
    if (comment.start < start || comment.end > end) continue
    kept += text.slice(at, comment.start)
    at = comment.end
  }
  kept += text.slice(at, end)
  return kept
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n')
    .replace(/^export (?:declare )?/, '')
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
