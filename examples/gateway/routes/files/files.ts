import type { Context } from 'hono'
import { serveBlob, StorageError } from '@white-cross/reuse/infrastructure/storage'
import * as api from '../../contract/files.ts'
import { withoutUndefined } from '../../contract/shapes.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import { serveOpenly } from '../../http/serve.ts'
import { watchedBody } from '../../http/watched-body.ts'
import type { TenantFiles } from '../../tenants/tenant-services.ts'

/** Files, streamed both ways. @param idleMs The longest wait for the next piece of a body */
export function fileRoutes(idleMs: number): readonly Route[] {
  return [
    route(api.listFiles, async (call) => {
      const { store } = await filesOf(call)
      return serveOpenly(async () => ({
        status: 200,
        body: await store.page(withoutUndefined(call.query)),
      }))
    }),
    route(api.putFile, async (call) => {
      const { store } = await filesOf(call)
      const key = keyOf(call.c)
      const { headers, body, signal } = call.c.req.raw
      const contentType = headers.get('content-type') ?? 'application/octet-stream'
      const contentEncoding = headers.get('content-encoding')
      const ifMatch = headers.get('if-match')
      const createOnly = headers.has('if-none-match')
      if (createOnly && headers.get('if-none-match') !== '*')
        throw new ProblemError(422, 'invalid_request', 'If-None-Match takes only *')
      if (headers.has('content-range'))
        throw new ProblemError(422, 'invalid_request', 'A file is put as a whole')
      return serveOpenly(async () => {
        const bytes = body === null ? new Uint8Array() : watchedBody(body, idleMs)
        const stored = await store.put(key, bytes, {
          contentType,
          signal,
          ...(contentEncoding !== null && { contentEncoding }),
          ...(createOnly && { ifNoneMatch: '*' as const }),
          ...(ifMatch !== null && { ifMatch }),
        })
        const { size, etag } = stored
        return { status: 201, body: { key, size, etag, contentType: stored.contentType } }
      })
    }),
    route(api.getFile, async (call) => {
      const { store } = await filesOf(call)
      const response = await serveBlob(store, keyOf(call.c), call.c.req.raw)
      if (response.status === 404)
        throw new ProblemError(404, 'not_found', 'There is no file under this key')
      return response
    }),
    route(api.deleteFile, async (call) => {
      const { store } = await filesOf(call)
      const ifMatch = call.c.req.header('if-match')
      return serveOpenly(async () => {
        await store.delete(keyOf(call.c), { ...(ifMatch !== undefined && { ifMatch }) })
        return { status: 204 }
      })
    }),
  ]
}

export async function filesOf(call: Call): Promise<TenantFiles> {
  const { files } = await call.services()
  if (files !== undefined) return files
  throw new ProblemError(404, 'not_found', 'There are no files here')
}

/** The key as it stands in the path, decoded once and by nobody before. */
function keyOf(c: Context): string {
  const [, text = ''] = /^\/v1\/files\/(.*)$/s.exec(new URL(c.req.url).pathname) ?? []
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new StorageError('invalid_key', 'Cannot use key: its encoding is malformed', { cause })
  }
}
