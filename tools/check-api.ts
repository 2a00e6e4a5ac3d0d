import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiReport } from './api-report.ts'
import { report } from './report.ts'

const FOLDER = 'docs/api'

/**
 * Compares the committed list of public symbols with what was built, so that no change of a
 * signature goes unseen.
 *
 * @returns One sentence for each file that differs, with its first new line
 */
export function checkApi(root: string, now: ReadonlyMap<string, string>): string[] {
  const folder = join(root, FOLDER)
  const there = existsSync(folder) ? readdirSync(folder) : []
  const stale = there.filter((file) => !now.has(file))
  return [
    ...stale.map((file) => `${FOLDER}/${file} is about nothing that is public: npm run api`),
    ...[...now].flatMap(([file, text]) => {
      const path = join(folder, file)
      const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
      return before === text ? [] : [`${FOLDER}/${file} ${firstDifference(before, text)}`]
    }),
  ]
}

/** Writes the list anew. */
export function writeApi(root: string, now: ReadonlyMap<string, string>): void {
  const folder = join(root, FOLDER)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [file, text] of now) writeFileSync(join(folder, file), text)
}

function firstDifference(before: string, after: string): string {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  const line = fresh.findIndex((text, index) => text !== old[index])
  if (line === -1) return `goes on after line ${fresh.length}, which is its last: npm run api`
  return `line ${line + 1} is now "${(fresh[line] ?? '').trim()}": npm run api, and look at what changed`
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  if (!existsSync(join(root, 'dist'))) throw new Error('dist is absent: npm run build')
  const now = apiReport(root)
  if (process.argv.includes('--write')) writeApi(root, now)
  const symbols = [...now.values()].join('\n').match(/^\w+$/gm)?.length ?? 0
  report('api', checkApi(root, now), `${symbols} public names as ${FOLDER} has them`)
}
