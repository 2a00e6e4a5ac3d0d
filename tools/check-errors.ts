import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { doors, type Door } from './doors.ts'
import { parseModule, type ParsedModule } from './parse-module.ts'
import { report } from './report.ts'
import { sourceFiles } from './source-files.ts'

const DECLARED = /^(?:export )?(?:abstract )?class (\w+)(?:<.*>)? extends (\w*Error)\b/gm
const CODES = /^export type (\w+ErrorCode) =/gm
const PLATFORM = new Set(['Error', 'TypeError', 'RangeError', 'SyntaxError', 'AggregateError'])
const THROWN = /\bnew (\w+Error)\(/g

/** The classes and unions of codes that one file named `<thing>-error.ts` exports. */
interface ErrorFile {
  readonly names: readonly string[]
}

/**
 * Holds the errors to their rules: each class stands in a file named after it and extends
 * `InfrastructureError`, and each door exports the errors that the code behind it makes.
 *
 * @returns One sentence for each rule that does not hold
 */
export function checkErrors(root: string, table: readonly Door[] = doors): string[] {
  const modules = new Map<string, ParsedModule>()
  const load = (path: string): ParsedModule => {
    const known = modules.get(path) ?? parseModule(join(root, path))
    modules.set(path, known)
    return known
  }
  const files = sourceFiles(root, ['src']).filter((path) => !path.endsWith('.test.ts'))
  const homes = new Map<string, ErrorFile>()
  const problems = files.flatMap((path) => {
    const { text } = load(path)
    const classes = [...text.matchAll(DECLARED)]
    const codes = [...text.matchAll(CODES)].flatMap(([, name]) => name ?? [])
    for (const [, name] of classes) homes.set(name ?? '', { names: [name ?? '', ...codes] })
    return classes.flatMap(([, name = '', base = '']) => checkClass(path, name, base))
  })
  const shown = table
    .filter(({ source }) => existsSync(join(root, source)) && !source.endsWith('conformance.ts'))
    .flatMap(({ source }) => checkDoor(source, load, homes))
  return [...problems, ...shown]
}

function checkClass(path: string, name: string, base: string): string[] {
  const file = `${name.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}.ts`
  return [
    ...(posix.basename(path) === file ? [] : [`${path} declares ${name}, a file ${file} expected`]),
    ...(name === 'InfrastructureError' || !PLATFORM.has(base)
      ? []
      : [`${path} declares ${name}, which extends ${base}: InfrastructureError expected`]),
  ]
}

/** What a door leads to at run time makes errors, and whoever catches them wants their classes. */
function checkDoor(
  source: string,
  load: (path: string) => ParsedModule,
  homes: ReadonlyMap<string, ErrorFile>,
): string[] {
  const seen = new Set<string>()
  const waiting = [source]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    for (const specifier of runtimeImports(load(path)))
      waiting.push(posix.join(posix.dirname(path), specifier))
  }
  const made = [...seen].flatMap((path) =>
    [...load(path).text.matchAll(THROWN)].flatMap(([, name = '']) => homes.get(name)?.names ?? []),
  )
  const exported = new Set(load(source).exports.map(({ name }) => name))
  return [...new Set(made.length > 0 ? [...made, 'InfrastructureError'] : made)]
    .filter((name) => !exported.has(name))
    .map((name) => `${source} does not export ${name}, which the code behind it throws`)
}

function runtimeImports({ parsed }: ParsedModule): string[] {
  const { staticImports, staticExports } = parsed.module
  const entries = [
    ...staticImports
      .filter(({ entries: all }) => all.length === 0 || all.some(({ isType }) => !isType))
      .map(({ moduleRequest }) => moduleRequest.value),
    ...staticExports.flatMap(({ entries: all }) =>
      all.flatMap(({ isType, moduleRequest }) => (isType ? [] : (moduleRequest?.value ?? []))),
    ),
  ]
  return entries.filter((specifier) => specifier.startsWith('.'))
}

if (import.meta.main) {
  report('errors', checkErrors(join(import.meta.dirname, '..')), `${doors.length} doors`)
}
