import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { doors, exportsEntry, type Door } from './doors.ts'
import { parseModule } from './parse-module.ts'
import { readManifest } from './read-manifest.ts'
import { report } from './report.ts'
import { sourceFiles } from './source-files.ts'

const DOOR_LINES = 200
const SUBPATH = /^\.\/infrastructure(\/[a-z0-9]+(-[a-z0-9]+)*)*$/

/** Files that list what can be imported: they are doors by their place. */
const LIST = /^src\/(infrastructure|testing)\.ts$|\/index\.ts$/

/** Files that are doors by their place and hold what they export: laws, providers, middleware. */
const SINGLE =
  /\.conformance\.ts$|^src\/services\/[^/]+\/(hono|providers\/(?!provider[.-])[^/]+)\.ts$/

/**
 * Compares the table of doors with the files that are there, package.json and deno.json.
 *
 * @returns One sentence for each difference
 */
export function checkExports(root: string, table: readonly Door[] = doors): string[] {
  const listed = new Set(table.map(({ source }) => source))
  const unlisted = sourceFiles(root, ['src'])
    .filter((path) => !path.endsWith('.test.ts') && (LIST.test(path) || SINGLE.test(path)))
    .filter((path) => !listed.has(path))
  return [
    ...table.flatMap((door) => checkDoor(root, door)),
    ...unlisted.map((path) => `${path} is a door by its place, but not in tools/doors.ts`),
    ...Object.entries(manifests(root, table)).flatMap(([file, wanted]) =>
      checkManifest(file, readJson(join(root, file)), wanted),
    ),
  ]
}

/** Writes the table of doors into package.json, and what deno.json repeats of package.json into that. */
export function writeExports(root: string, table: readonly Door[] = doors): void {
  for (const [file, wanted] of Object.entries(manifests(root, table))) {
    const whole = { ...readJson(join(root, file)), ...wanted }
    writeFileSync(join(root, file), `${JSON.stringify(whole, null, 2)}\n`)
  }
}

function checkDoor(root: string, { subpath, source }: Door): string[] {
  if (!SUBPATH.test(subpath)) return [`${subpath} is not below ./infrastructure in kebab case`]
  if (!existsSync(join(root, source))) return [`${subpath} leads to ${source}, which is absent`]
  const { exports, lines } = parseModule(join(root, source))
  return [
    ...(exports.length === 0 ? [`${source} exports nothing`] : []),
    ...exports
      .filter(({ star, name }) => star || name === 'default')
      .map(({ name }) => `${source} exports ${name}, a door names each export`),
    ...(LIST.test(source) && lines > DOOR_LINES
      ? [`${source} has ${lines} lines, a door has at most ${DOOR_LINES}`]
      : []),
  ]
}

function checkManifest(
  file: string,
  actual: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): string[] {
  return Object.keys(wanted)
    .filter((key) => JSON.stringify(actual[key]) !== JSON.stringify(wanted[key]))
    .map((key) => `${file} has another "${key}" than it should: run npm run exports`)
}

/** What of each manifest follows from the table of doors and from package.json. */
function manifests(
  root: string,
  table: readonly Door[],
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const { name, version, license, dependencies = {}, peerDependencies = {} } = readManifest(root)
  const exports = table.map((door) => [door.subpath, exportsEntry(door)] as const)
  const sources = table.map(({ subpath, source }) => [subpath, `./${source}`] as const)
  const imports = Object.entries({ ...dependencies, ...peerDependencies }).map(
    // JSR takes no range without an end.
    ([vendor, pin]) => [vendor, `npm:${vendor}@${pin.replace(/^>=/, '^')}`] as const,
  )
  return {
    'package.json': {
      exports: { ...Object.fromEntries(exports), './package.json': './package.json' },
    },
    'deno.json': {
      name,
      version,
      license,
      exports: Object.fromEntries(sources),
      imports: Object.fromEntries(imports),
    },
  }
}

function readJson(path: string): Record<string, unknown> {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
  return { ...(typeof value === 'object' ? value : {}) }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  if (process.argv.includes('--write')) writeExports(root)
  report('exports', checkExports(root), `${doors.length} doors`)
}
