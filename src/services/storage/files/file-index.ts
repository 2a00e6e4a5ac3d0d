import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { sha256 } from '../../../primitives/sha256.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import { partitionOf } from '../../../runtime/coordination/partition-of.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../runtime/ports/json.ts'

/** Where a file is. */
export interface FilePlace {
  readonly store: string
  readonly bucket: string
}

/** Remembers where files are, so that a key alone finds them. */
export interface FileIndex {
  add(key: string, place: FilePlace): Promise<void>
  remove(key: string, place: FilePlace): Promise<void>
  /** @returns Every place that a file of this key was uploaded to */
  find(key: string): Promise<readonly FilePlace[]>
}

const FAMILY = 'storage:files'

export function createFileIndex(store: AtomicStore): FileIndex {
  // Keys of files are longer than keys of the store may be.
  const entryOf = (key: string): string => `file/${encodeBase64Url(sha256(encodeUtf8(key)))}`

  function change(
    key: string,
    edit: (places: readonly FilePlace[]) => readonly FilePlace[],
  ): Promise<void> {
    const entry = entryOf(key)
    return changeEntry(partitionOf(store, FAMILY, entry), entry, (found) => {
      const places = placesOf(found?.value ?? null)
      const edited = edit(places)
      if (edited.length === places.length) return { result: undefined }
      const value = { places: edited.map(({ store: name, bucket }) => ({ store: name, bucket })) }
      return {
        result: undefined,
        write: edited.length === 0 ? { delete: [entry] } : { set: [{ key: entry, value }] },
      }
    })
  }

  return {
    add: (key, place) =>
      change(key, (places) =>
        places.some((known) => isSame(known, place)) ? places : [...places, place],
      ),
    remove: (key, place) =>
      change(key, (places) => places.filter((known) => !isSame(known, place))),
    async find(key) {
      const entry = entryOf(key)
      return placesOf((await partitionOf(store, FAMILY, entry).get(entry))?.value ?? null)
    },
  }
}

function isSame(a: FilePlace, b: FilePlace): boolean {
  return a.store === b.store && a.bucket === b.bucket
}

function placesOf(value: Json): readonly FilePlace[] {
  // Only this room writes there.
  return (value as { readonly places: readonly FilePlace[] } | null)?.places ?? []
}
