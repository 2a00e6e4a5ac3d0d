import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder that is gone when its block ends. */
export interface TemporaryTree extends Disposable {
  readonly root: string
}

/** Writes files, given by path, into a folder of their own. */
export function createTemporaryTree(files: Readonly<Record<string, string>>): TemporaryTree {
  const root = mkdtempSync(join(tmpdir(), 'tree-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}
