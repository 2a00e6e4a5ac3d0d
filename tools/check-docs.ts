import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { doors, type Door } from './doors.ts'
import { parseModule, type ParsedModule } from './parse-module.ts'
import { report } from './report.ts'

/** Looks for a doc comment on every name that a door exports. @returns One sentence for each that has none */
export function checkDocs(root: string, table: readonly Door[] = doors): string[] {
  const modules = new Map<string, ParsedModule>()
  const load = (path: string): ParsedModule => {
    const known = modules.get(path) ?? parseModule(join(root, path))
    modules.set(path, known)
    return known
  }
  const found = table
    .filter(({ source }) => existsSync(join(root, source)))
    .flatMap(({ source }) => load(source).exports.map(({ name }) => documented(load, source, name)))
  return [...new Set(found.flatMap((problem) => problem ?? []))]
}

/** @returns What is wrong, or `undefined` where the declaration of `name` has a doc comment */
function documented(
  load: (path: string) => ParsedModule,
  path: string,
  name: string,
): string | undefined {
  const module = load(path)
  const exported = module.exports.find((entry) => entry.name === name)
  if (exported === undefined) return `${path} does not export ${name}`
  const { from, localName, start } = exported
  if (from?.startsWith('.') === true)
    return documented(load, posix.join(posix.dirname(path), from), localName)
  if (from !== undefined) return `${path} exports ${name} of ${from}: vendors stay inside`
  const before = module.parsed.comments.findLast(({ end }) => end <= start)
  const adjacent = before !== undefined && module.text.slice(before.end, start).trim() === ''
  return adjacent && before.type === 'Block' && before.value.startsWith('*')
    ? undefined
    : `${path} exports ${name} without a doc comment`
}

if (import.meta.main) {
  report('docs', checkDocs(join(import.meta.dirname, '..')), `every name of ${doors.length} doors`)
}
