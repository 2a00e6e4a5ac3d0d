import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder outside the tree whose programs import the package by name, as a user's do. */
export interface ConsumerFolder extends Disposable {
  readonly path: string
}

/**
 * Makes a folder with `node_modules`, linked from those of `root`.
 *
 * @param packages Which packages are there; default: all that `root` has
 */
export function createConsumerFolder(root: string, packages?: readonly string[]): ConsumerFolder {
  const path = mkdtempSync(join(tmpdir(), 'consumer-'))
  for (const name of packages ?? installed(join(root, 'node_modules'))) {
    const link = join(path, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), link)
  }
  mkdirSync(join(path, 'node_modules/@white-cross'), { recursive: true })
  writeFileSync(join(path, 'package.json'), '{ "private": true, "type": "module" }\n')
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

function installed(modules: string): string[] {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.') && name !== '@white-cross')
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`)
        : [name],
    )
}
