import type { BlobStore } from '@white-cross/reuse/infrastructure/storage'

type Uploads = BlobStore['uploads']

/**
 * One tenant's objects in a bucket: the tenant's name stands before every key that is written, read
 * or listed, and is never seen. What names objects of other buckets is refused.
 */
export function tenantBlobs(store: BlobStore, tenant: string): BlobStore {
  const prefix = `${tenant}/`
  // An empty key is the store's to refuse.
  const full = (key: string): string => (key === '' ? key : prefix + key)
  const bare = <Named extends { readonly key: string }>(named: Named): Named => ({
    ...named,
    key: named.key.slice(prefix.length),
  })
  const within = <Options extends { readonly prefix?: string }>(options?: Options): Options =>
    ({ ...options, prefix: prefix + (options?.prefix ?? '') }) as Options
  const own = (from: Parameters<BlobStore['copy']>[0]): string => {
    if (typeof from === 'string') return full(from)
    throw new TypeError('Cannot copy object: it is in another bucket, a key of this one expected')
  }
  return {
    bucket: store.bucket,
    capabilities: store.capabilities,
    put: async (key, body, options) => bare(await store.put(full(key), body, options)),
    // One of the overloads, whichever was called.
    get: (async (key: string, options?: never) => {
      const found = await store.get(full(key), options)
      return found === null ? null : bare(found)
    }) as BlobStore['get'],
    async head(key, options) {
      const found = await store.head(full(key), options)
      return found === null ? null : bare(found)
    },
    exists: (key, options) => store.exists(full(key), options),
    delete: (key, options) => store.delete(full(key), options),
    async deleteMany(keys, options) {
      const { deleted, failed } = await store.deleteMany(keys.map(full), options)
      return {
        deleted: deleted.map((key) => key.slice(prefix.length)),
        failed: failed.map(bare),
      }
    },
    async *list(options) {
      for await (const found of store.list(within(options))) yield bare(found)
    },
    async page(options) {
      const { blobs, prefixes, cursor } = await store.page(within(options))
      return {
        blobs: blobs.map(bare),
        prefixes: prefixes.map((text) => text.slice(prefix.length)),
        cursor,
      }
    },
    copy: async (from, to, options) => bare(await store.copy(own(from), full(to), options)),
    move: async (from, to, options) => bare(await store.move(own(from), full(to), options)),
    getTags: (key, options) => store.getTags(full(key), options),
    setTags: (key, tags, options) => store.setTags(full(key), tags, options),
    presign: (key, options) => store.presign(full(key), options),
    presignPost: (key, options) => store.presignPost(full(key), options),
    uploads: uploadsOf(store.uploads, { full, bare, within }),
  }
}

function uploadsOf(
  uploads: Uploads,
  names: {
    full(key: string): string
    bare<Named extends { readonly key: string }>(named: Named): Named
    within<Options extends { readonly prefix?: string }>(options: Options): Options
  },
): Uploads {
  const { full, bare, within } = names
  const whole = <Named extends { readonly key: string }>(named: Named): Named => ({
    ...named,
    key: full(named.key),
  })
  return {
    create: async (key, options) => bare(await uploads.create(full(key), options)),
    putPart: (upload, part, options) => uploads.putPart(whole(upload), part, options),
    parts: (upload, options) => uploads.parts(whole(upload), options),
    complete: async (upload, parts, options) =>
      bare(await uploads.complete(whole(upload), parts, options)),
    presignPart: (upload, part) => uploads.presignPart(whole(upload), part),
    abort: (upload, options) => uploads.abort(whole(upload), options),
    sweep: (options) =>
      uploads.sweep(
        within({ ...options, ...(options.key !== undefined && { key: full(options.key) }) }),
      ),
  }
}
