import { join, posix } from 'node:path'
import { parseModule, type ParsedModule } from './parse-module.ts'
import { report } from './report.ts'
import { houseRules, type HouseRules } from './rooms.ts'
import { sourceFiles } from './source-files.ts'

const CHECKED_FOLDERS = ['src', 'examples', 'sidecar', 'test', 'tools', 'bench']
const LAWS = /\.conformance\.ts$/
const LOOKED_AT_LINES = 300
const JUSTIFIED_LINES = 500
const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)+$/

/** What {@link checkRooms} has found. */
export interface RoomsReport {
  /** One sentence for each rule that does not hold. */
  readonly problems: readonly string[]
  /** Files worth another look, with their lines. */
  readonly long: readonly string[]
  readonly files: number
}

/** Compares every file with the table of rooms: what it imports and exports, its name, its laws, its length. */
export function checkRooms(root: string, rules: HouseRules = houseRules): RoomsReport {
  const files = sourceFiles(root, CHECKED_FOLDERS)
  const present = new Set(files)
  const long: string[] = []
  const problems = files.flatMap((path) => {
    const module = parseModule(join(root, path))
    if (module.lines > LOOKED_AT_LINES) long.push(`${path} has ${module.lines} lines`)
    return [
      ...checkName(path, rules),
      ...checkImports(path, module, rules),
      ...checkTwin(path, present, rules),
      ...checkLength(path, module, rules),
    ]
  })
  const stale = Object.keys({ ...rules.lawless, ...rules.long })
    .filter((path) => !present.has(path))
    .map((path) => `tools/rooms.ts excuses ${path}, which is absent`)
  return { problems: [...problems, ...stale], long, files: files.length }
}

function checkName(path: string, { emptyNames }: HouseRules): string[] {
  const parts = path.split('/')
  const stems = parts.map((part) => part.split('.')[0] ?? '')
  const empty = stems.flatMap((stem) => stem.split('-').filter((word) => emptyNames.includes(word)))
  return [
    ...empty.map((word) => `${path} is named "${word}", which says nothing about what it holds`),
    ...(FILE_NAME.test(parts.at(-1) ?? '') ? [] : [`${path} is not in kebab case`]),
  ]
}

function checkImports(path: string, module: ParsedModule, { rooms }: HouseRules): string[] {
  const home = /^(examples|sidecar)(\/[^/]+(?=\/))?/.exec(path)?.[0]
  if (home !== undefined)
    return module.imports
      .filter((name) => name.startsWith('.') && !isWithin(`${home}/`, resolve(path, name)))
      .map((name) => `${path} imports ${name}, outside its folder: import the package by name`)
  if (!path.startsWith('src/')) return []
  const room = rooms.find(({ files }) => files.test(path))
  if (room === undefined) return [`${path} is in no room of tools/rooms.ts`]
  const groups = room.files.exec(path) ?? []
  const allowed = room.imports.map((prefix) =>
    prefix.replaceAll(/\$(\d)/g, (_, group: string) => groups[Number(group)] ?? ''),
  )
  return [
    ...(room.packages !== 'any' && /\bnew Date\(\)/.test(module.text)
      ? [`${path} asks the platform for the time with new Date(), take a Clock`]
      : []),
    ...module.imports
      .filter((specifier) =>
        specifier.startsWith('.')
          ? !allowed.some((prefix) => isWithin(prefix, resolve(path, specifier)))
          : !isListed(room.packages ?? [], specifier),
      )
      .map((specifier) => `${path} imports ${specifier}, which its room may not`),
    ...module.exports
      .filter(({ star }) => star)
      .map(({ from }) => `${path} exports everything of ${from}, name each export`),
  ]
}

function isListed(packages: readonly string[] | 'any', specifier: string): boolean {
  if (packages === 'any') return true
  return packages.some((name) => specifier === name || specifier.startsWith(`${name}/`))
}

function checkTwin(path: string, present: ReadonlySet<string>, { lawless }: HouseRules): string[] {
  if (!path.startsWith('src/runtime/ports/') || path.endsWith('.test.ts')) return []
  const twin = LAWS.test(path)
    ? path.replace(LAWS, '.ts')
    : path.replace(/\.ts$/, '.conformance.ts')
  if (present.has(twin) !== path in lawless) return []
  if (present.has(twin)) return [`${path} has laws, yet tools/rooms.ts says it has none`]
  return [`${path} stands without ${twin}`]
}

function checkLength(path: string, { lines }: ParsedModule, { long }: HouseRules): string[] {
  if (lines > JUSTIFIED_LINES === path in long) return []
  return path in long
    ? [`${path} has ${lines} lines and needs no excuse in tools/rooms.ts`]
    : [`${path} has ${lines} lines, at most ${JUSTIFIED_LINES} without a reason in tools/rooms.ts`]
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier)
}

function isWithin(allowed: string, path: string): boolean {
  return allowed.endsWith('/') ? path.startsWith(allowed) : path === allowed
}

if (import.meta.main) {
  const { problems, long, files } = checkRooms(join(import.meta.dirname, '..'))
  for (const note of long) console.log(`look again: ${note}`)
  report('rooms', problems, `${files} files`)
}
