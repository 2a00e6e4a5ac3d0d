import { join, posix } from 'node:path'
import { parseModule, type ParsedModule } from './parse-module.ts'
import { report } from './report.ts'
import { houseRules, type HouseRules } from './rooms.ts'
import { sourceFiles } from './source-files.ts'

const CHECKED_FOLDERS = ['src', 'examples', 'sidecar', 'test', 'tools', 'bench']
const LAWS = /\.conformance\.ts$/
const PORT = /^(src\/runtime\/ports\/[^/]+)\//
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
      ...checkOrder(path, module, rules),
      ...checkTwin(path, present),
      ...checkLength(path, module, rules),
    ]
  })
  const stale = Object.keys(rules.long)
    .filter((path) => !present.has(path))
    .map((path) => `tools/rooms.ts excuses ${path}, which is absent`)
  const others = [
    ...checkLaws(files),
    ...checkAdapters(present, rules),
    ...checkWalks(root, present, rules),
    ...stale,
  ]
  return { problems: [...problems, ...others], long, files: files.length }
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

/** What the servers of each runtime serve. */
const SERVED = 'examples/gateway/open-on-server.ts'

function checkImports(path: string, module: ParsedModule, { rooms }: HouseRules): string[] {
  const home = /^(examples|sidecar)(\/[^/]+(?=\/))?/.exec(path)?.[0]
  if (home !== undefined)
    return module.imports
      .filter((name) => name.startsWith('.') && !isWithin(`${home}/`, resolve(path, name)))
      .filter((name) => resolve(path, name) !== SERVED)
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

/** Which folder of an ordered one `path` is in, and its place there; the ordered folder's own files stand above all. */
function floorOf(path: string, { orders }: HouseRules): [house: string, floor: number] | null {
  const house = Object.keys(orders).find((folder) => path.startsWith(`${folder}/`))
  if (house === undefined) return null
  const [folder = '', ...inside] = path.slice(house.length + 1).split('/')
  const floor = orders[house]?.indexOf(folder) ?? -1
  // Words that all of a house share lie at the bottom, its door on top: neither is ordered.
  return inside.length === 0 || floor === -1 ? null : [house, floor]
}

function checkOrder(path: string, module: ParsedModule, rules: HouseRules): string[] {
  const home = floorOf(path, rules)
  if (home === null || path.endsWith('.test.ts')) return []
  return module.imports
    .filter((specifier) => specifier.startsWith('.'))
    .filter((specifier) => {
      const target = floorOf(resolve(path, specifier), rules)
      return target !== null && target[0] === home[0] && target[1] > home[1]
    })
    .map((specifier) => `${path} imports ${specifier}, which stands on it: see orders in rooms.ts`)
}

/** Laws stand beside their port. */
function checkTwin(path: string, present: ReadonlySet<string>): string[] {
  if (!LAWS.test(path) || present.has(path.replace(LAWS, '.ts'))) return []
  return [`${path} stands without ${path.replace(LAWS, '.ts')}`]
}

/** A folder of the ports is a port: it has laws. */
function checkLaws(files: readonly string[]): string[] {
  const ports = new Set(files.flatMap((path) => PORT.exec(path)?.[1] ?? []))
  return [...ports]
    .filter((port) => !files.some((path) => path.startsWith(`${port}/`) && LAWS.test(path)))
    .map((port) => `${port} is a port without laws, a .conformance.ts expected`)
}

/** What does the same in two adapters is found under the same name: its ports, and what makes it. */
function checkAdapters(present: ReadonlySet<string>, { adapters }: HouseRules): string[] {
  return Object.entries(adapters).flatMap(([folder, ports]) => {
    const doors = [...present].filter((path) => posix.dirname(posix.dirname(path)) === folder)
    const homes = doors
      .filter((path) => path.endsWith('/index.ts'))
      .map((path) => posix.dirname(path))
    return homes.flatMap((home) =>
      [...ports, posix.basename(home)]
        .filter(
          (file) =>
            ![`${file}.ts`, `${file}/${file}.ts`].some((path) => present.has(`${home}/${path}`)),
        )
        .map((file) => `${home} has no ${file}.ts, as every other there has`),
    )
  })
}

/** Counts the files of the same adapter or service that one file leads to, by its imports and theirs. */
function checkWalks(root: string, present: ReadonlySet<string>, { walks }: HouseRules): string[] {
  return Object.entries(walks)
    .filter(([path]) => present.has(path))
    .flatMap(([path, most]) => {
      const home = /^src\/[^/]+\/[^/]+\/[^/]+\//.exec(path)?.[0] ?? ''
      const seen = new Set([path])
      for (const file of seen)
        for (const specifier of parseModule(join(root, file)).imports) {
          const target = resolve(file, specifier)
          if (specifier.startsWith('.') && target.startsWith(home)) seen.add(target)
        }
      return seen.size <= most
        ? []
        : [
            `${path} leads through ${seen.size} files of ${home}, ${most} at most: see walks in rooms.ts`,
          ]
    })
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
