import { createTusHandler } from '@white-cross/reuse/infrastructure/storage/tus'
import type { UploadSessions } from '@white-cross/reuse/infrastructure/storage/uploads'
import * as api from '../../contract/files.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import { watchedRequest } from '../../http/watched-body.ts'
import { filesOf } from './files.ts'

type TusHandler = ReturnType<typeof createTusHandler>

/**
 * tus 1.0; the key stands in `Upload-Metadata` as `key`.
 *
 * @param idleMs The longest wait for the next piece of a body
 */
export function uploadRoutes(idleMs: number): readonly Route[] {
  const handlers = new WeakMap<UploadSessions, TusHandler>()

  async function handle(call: Call): Promise<Response> {
    const { uploads } = await filesOf(call)
    const handler = handlers.get(uploads) ?? createHandler(uploads)
    handlers.set(uploads, handler)
    return handler(watchedRequest(call.c.req.raw, idleMs))
  }

  return [
    route(api.createUpload, handle),
    route(api.uploadOptions, handle),
    route(api.uploadOffset, handle),
    route(api.appendUpload, handle),
    route(api.abortUpload, handle),
  ]
}

function createHandler(uploads: UploadSessions): TusHandler {
  return createTusHandler({
    uploads,
    path: '/v1/uploads',
    begin(_request, { metadata }) {
      const { key, filetype } = metadata
      if (key === undefined)
        return new Response('key is missing in Upload-Metadata', { status: 422 })
      if (filetype !== undefined && !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(filetype))
        return new Response('filetype is no media type', { status: 422 })
      return { key, ...(filetype !== undefined && { contentType: filetype }) }
    },
  })
}
