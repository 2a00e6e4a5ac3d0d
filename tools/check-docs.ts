import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'oxc-parser'
import { doors, type Door } from './doors.ts'
import { exampleIn } from './comment-examples.ts'
import { parseModule, type ParsedModule } from './parse-module.ts'
import { report } from './report.ts'

/** Services whose doors are still to get their examples. */
const SPARED = /^src\/primitives\//

/**
 * Looks for a doc comment on every name that a door exports, and for an example on every function
 * and class, which must be TypeScript.
 *
 * @returns One sentence for each that has none
 */
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
  if (!adjacent || before.type !== 'Block' || !before.value.startsWith('*'))
    return `${path} exports ${name} without a doc comment`
  const isCalled = /^export (?:async )?(?:function|class)\b/.test(module.text.slice(start))
  return isCalled && !SPARED.test(path) ? checkExample(path, name, before.value) : undefined
}

/** What an example is about need not be declared, but it must be TypeScript. */
function checkExample(path: string, name: string, comment: string): string | undefined {
  const example = exampleIn(comment)
  if (example === undefined)
    // What our own code throws is shown where it is thrown.
    return path.endsWith('-error.ts') ? undefined : `${path} exports ${name} without an @example`
  const imports = /^import .*$/gm
  const code = `${(example.match(imports) ?? []).join('\n')}\nasync function example() {${example.replaceAll(imports, '')}\n}`
  const [fault] = parseSync('example.ts', code).errors
  return fault === undefined
    ? undefined
    : `${path} has an example of ${name} that cannot be read: ${fault.message}`
}

if (import.meta.main) {
  report('docs', checkDocs(join(import.meta.dirname, '..')), `every name of ${doors.length} doors`)
}
