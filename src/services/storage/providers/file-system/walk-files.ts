import { compareUtf8 } from '../../../../primitives/compare-utf8.ts'
import type { DriverPage } from '../../blobs/blob-driver.ts'
import { fileErrorCode, type FileModule } from './file-modules.ts'
import { readName } from './key-path.ts'

/** What a walk comes by: an object, or a folder that is told as one. */
export type FoundFile =
  | { readonly key: string; readonly prefix?: undefined }
  | { readonly prefix: string; readonly key?: undefined }

/** A folder on the way, and how the keys in it begin. */
interface Place {
  readonly path: string
  readonly begin: string
}

/**
 * Walks the files of a bucket in the order of their keys, from behind a cursor on, and enters only
 * folders in which there can be something.
 */
export async function* walkFiles(
  files: FileModule,
  root: string,
  options: Omit<DriverPage, 'signal' | 'limit'>,
): AsyncGenerator<FoundFile> {
  yield* walk(files, { path: root, begin: '' }, options)
}

async function* walk(
  files: FileModule,
  place: Place,
  options: Omit<DriverPage, 'signal' | 'limit'>,
): AsyncGenerator<FoundFile> {
  const { prefix, delimiter, cursor } = options
  for (const { name, order, isFolder } of await entriesOf(files, place)) {
    const [sooner, later] = order.length < prefix.length ? [order, prefix] : [prefix, order]
    if (isFolder ? !later.startsWith(sooner) : !order.startsWith(prefix)) continue
    // A cursor may be a folder that was told: then what lies in it is behind us.
    const told = delimiter !== undefined && isFolder && order === cursor
    const behind = cursor !== null && compareUtf8(order, cursor) <= 0
    if (behind && (told || !isFolder || !cursor.startsWith(order))) continue
    if (!isFolder) {
      yield { key: order }
      continue
    }
    const inside = { path: `${place.path}/${name}`, begin: order }
    if (delimiter !== undefined && order.endsWith('/') && order.length > prefix.length) {
      const first = await walk(files, inside, { prefix, delimiter: undefined, cursor: null }).next()
      if (first.done !== true) yield { prefix: order }
    } else yield* walk(files, inside, options)
  }
}

interface Entry {
  readonly name: string
  /** The key of a file; how all keys in a folder begin. */
  readonly order: string
  readonly isFolder: boolean
}

async function entriesOf(files: FileModule, { path, begin }: Place): Promise<readonly Entry[]> {
  try {
    const found = await files.readdir(path, { withFileTypes: true })
    return found
      .filter((entry) => !entry.name.startsWith('.') && (entry.isFile() || entry.isDirectory()))
      .map((entry) => {
        const isFolder = entry.isDirectory()
        const { text, ends } = readName(entry.name)
        return { name: entry.name, order: begin + text + (isFolder && ends ? '/' : ''), isFolder }
      })
      .toSorted((a, b) => compareUtf8(a.order, b.order))
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return []
    throw error
  }
}
