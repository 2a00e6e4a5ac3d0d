import { existsSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.git', '.wrangler', '.reuse'])

/** @returns Paths relative to `root`, with `/`, sorted, of every file under `folders` whose name ends in `suffix` */
export function sourceFiles(root: string, folders: readonly string[], suffix = '.ts'): string[] {
  return folders
    .flatMap((folder) => filesIn(join(root, folder)))
    .map((path) => relative(root, path).split(sep).join('/'))
    .filter((path) => path.endsWith(suffix))
    .toSorted()
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) return [path]
    return SKIPPED_FOLDERS.has(entry.name) ? [] : filesIn(path)
  })
}
