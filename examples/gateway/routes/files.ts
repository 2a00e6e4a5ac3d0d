import { Hono, type Context } from 'hono'
import { z } from 'zod/mini'
import { serveBlob, StorageError, type BlobStore } from '@white-cross/reuse/infrastructure/storage'
import {
  createFileTickets,
  type TicketOptions,
} from '@white-cross/reuse/infrastructure/storage/tickets'
import { createTusHandler } from '@white-cross/reuse/infrastructure/storage/tus'
import type { UploadSessions } from '@white-cross/reuse/infrastructure/storage/uploads'
import type { AuthVariables } from '../authenticate.ts'
import { ProblemError } from '../problem.ts'
import { readBody } from '../read-body.ts'
import { Limit, readQuery } from '../read-query.ts'
import { serve } from '../serve.ts'

/** Where the gateway keeps files, and what uploads to it go on with. */
export interface GatewayFiles {
  readonly store: BlobStore
  readonly uploads: UploadSessions
  /** Signs tickets. Default: there are none. */
  readonly ticketSecret?: string
}

type Api = Hono<{ Variables: AuthVariables }>

const Query = z.strictObject({
  prefix: z.optional(z.string()),
  cursor: z.optional(z.string()),
  limit: z.optional(Limit),
})
const Ticket = z.looseObject({ key: z.string() })

/** Where tickets are used: without an API key. */
export const TICKET_PATH = '/t'

/**
 * `GET /`: one page of what there is. `PUT`, `GET`, `HEAD` and `DELETE` of `/<key>`: a file, streamed
 * both ways, with ranges and conditions.
 */
export function fileRoutes({ store }: GatewayFiles): Api {
  return new Hono<{ Variables: AuthVariables }>()
    .get('/', async (c) => {
      const { prefix, cursor, limit } = readQuery(c, Query)
      return serve(c, async () => {
        const page = await store.page({
          ...(prefix !== undefined && { prefix }),
          ...(cursor !== undefined && { cursor }),
          ...(limit !== undefined && { limit }),
        })
        return c.json(page)
      })
    })
    .put('/:key{.+}', async (c) => {
      const key = keyOf(c)
      const { headers, body, signal } = c.req.raw
      const contentType = headers.get('content-type') ?? 'application/octet-stream'
      const contentEncoding = headers.get('content-encoding')
      const ifMatch = headers.get('if-match')
      const createOnly = headers.has('if-none-match')
      if (createOnly && headers.get('if-none-match') !== '*')
        throw new ProblemError(422, 'invalid_request', 'If-None-Match takes only *')
      if (headers.has('content-range'))
        throw new ProblemError(422, 'invalid_request', 'A file is put as a whole')
      return serve(c, async () => {
        const stored = await store.put(key, body ?? new Uint8Array(), {
          contentType,
          signal,
          ...(contentEncoding !== null && { contentEncoding }),
          ...(createOnly && { ifNoneMatch: '*' as const }),
          ...(ifMatch !== null && { ifMatch }),
        })
        const { size, etag } = stored
        return c.json({ key, size, etag, contentType: stored.contentType }, 201)
      })
    })
    .get('/:key{.+}', async (c) => found(await serveBlob(store, keyOf(c), c.req.raw)))
    .delete('/:key{.+}', async (c) => {
      const ifMatch = c.req.header('if-match')
      return serve(c, async () => {
        await store.delete(keyOf(c), { ...(ifMatch !== undefined && { ifMatch }) })
        return c.body(null, 204)
      })
    })
}

/** `POST /`: signs a request that whoever gets it may make without a key, until it expires. */
export function ticketRoutes(files: GatewayFiles): Api {
  return new Hono<{ Variables: AuthVariables }>().post('/', async (c) => {
    const { key, ...options } = await readBody(c, Ticket)
    // What it may say is for the service to check.
    return serve(c, async () =>
      c.json(ticketsFor(files, c).sign(key, options as TicketOptions), 201),
    )
  })
}

/** Takes tickets. */
export function ticketUseRoutes(files: GatewayFiles): Hono {
  return new Hono().all('/:ticket', (c) => ticketsFor(files, c).handle(c.req.raw))
}

/** tus 1.0; the key stands in `Upload-Metadata` as `key`. */
export function uploadRoutes({ uploads }: GatewayFiles, path: string): Api {
  const handle = createTusHandler({
    uploads,
    path,
    begin(_request, { metadata }) {
      const { key, filetype } = metadata
      if (key === undefined)
        return new Response('key is missing in Upload-Metadata', { status: 422 })
      if (filetype !== undefined && !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(filetype))
        return new Response('filetype is no media type', { status: 422 })
      return { key, ...(filetype !== undefined && { contentType: filetype }) }
    },
  })
  return new Hono<{ Variables: AuthVariables }>().all('/*', (c) => handle(c.req.raw))
}

function ticketsFor(
  { store, ticketSecret: secret = '' }: GatewayFiles,
  c: Context,
): ReturnType<typeof createFileTickets> {
  return createFileTickets({ store, secret, url: `${new URL(c.req.url).origin}${TICKET_PATH}` })
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

function found(response: Response): Response {
  if (response.status === 404)
    throw new ProblemError(404, 'not_found', 'There is no file under this key')
  return response
}
