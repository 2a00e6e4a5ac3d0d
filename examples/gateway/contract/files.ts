import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'
import { Duration, Instant, judgedByService, named, NextCursor, pageQuery, text } from './shapes.ts'

const StoredFile = lazily(() =>
  named(
    'StoredFile',
    z.object({ key: z.string(), size: z.number(), etag: z.string(), contentType: z.string() }),
  ),
)
const read = { scope: 'files:read' } as const
const write = { scope: 'files:write' } as const
const file = '/v1/files/:key{.+}'

export const listFiles = operation({
  id: 'files.list',
  method: 'GET',
  path: '/v1/files',
  summary: 'List files by their keys',
  policy: read,
  shapes: () => ({
    query: z.strictObject({ prefix: z.optional(text(1024)), ...pageQuery() }),
    answers: {
      200: z.object({
        blobs: z.array(
          z.looseObject({
            key: z.string(),
            size: z.number(),
            etag: z.string(),
            lastModified: Instant(),
          }),
        ),
        prefixes: z.array(z.string()),
        cursor: NextCursor(),
      }),
    },
  }),
})
export const putFile = operation({
  id: 'files.put',
  method: 'PUT',
  path: file,
  summary: 'Store a file, streamed; `If-Match` and `If-None-Match: *` are kept to',
  policy: write,
  shapes: () => ({ body: 'bytes', answers: { 201: StoredFile() } }),
})
export const getFile = operation({
  id: 'files.get',
  method: 'GET',
  path: file,
  summary: 'Read a file, with ranges and conditions',
  policy: read,
  shapes: () => ({ answers: { 200: 'bytes', 206: 'bytes', 304: null } }),
})
export const deleteFile = operation({
  id: 'files.delete',
  method: 'DELETE',
  path: file,
  summary: 'Delete a file',
  policy: write,
  shapes: () => ({ answers: { 204: null } }),
})
export const signTicket = operation({
  id: 'files.tickets.sign',
  method: 'POST',
  path: '/v1/tickets',
  summary: 'Sign a request for a file that others may make without a key, until it expires',
  policy: write,
  secret: true,
  shapes: () => ({
    body: judgedByService(
      named(
        'NewTicket',
        z.object({
          key: z.string(),
          method: z.optional(z.enum(['GET', 'PUT'])),
          expiresIn: z.optional(Duration()),
          maxBytes: z.optional(z.number()),
          contentType: z.optional(z.string()),
          ifNoneMatch: z.optional(z.literal('*')),
          filename: z.optional(z.string()),
          disposition: z.optional(z.enum(['inline', 'attachment'])),
        }),
      ),
    ),
    answers: {
      201: z.object({
        method: z.string(),
        url: z.string(),
        headers: z.record(z.string(), z.string()),
        expiresAt: Instant(),
      }),
    },
  }),
})

const ticket = { public: 'The ticket in the path is signed' } as const
const useTicket = '/t/:tenant/:ticket'

export const readByTicket = operation({
  id: 'files.tickets.read',
  method: 'GET',
  path: useTicket,
  summary: 'Read a file with a ticket',
  policy: ticket,
  shapes: () => ({ answers: { 200: 'bytes', 206: 'bytes', 304: null } }),
})
export const writeByTicket = operation({
  id: 'files.tickets.write',
  method: 'PUT',
  path: useTicket,
  summary: 'Store a file with a ticket',
  policy: ticket,
  shapes: () => ({ body: 'bytes', answers: { 201: z.looseObject({ key: z.string() }) } }),
})
export const createUpload = operation({
  id: 'uploads.create',
  method: 'POST',
  path: '/v1/uploads',
  summary: 'Begin a resumable upload (tus 1.0); the key stands in Upload-Metadata as `key`',
  policy: write,
  shapes: () => ({ body: 'bytes', answers: { 201: null } }),
})
export const uploadOptions = operation({
  id: 'uploads.options',
  method: 'OPTIONS',
  path: '/v1/uploads',
  summary: 'What of tus is spoken',
  policy: { public: 'It says the same to everybody' },
  shapes: () => ({ answers: { 204: null } }),
})
export const uploadOffset = operation({
  id: 'uploads.offset',
  method: 'HEAD',
  path: '/v1/uploads/:id',
  summary: 'How far an upload is (tus)',
  policy: read,
  shapes: () => ({ answers: { 200: null } }),
})
export const appendUpload = operation({
  id: 'uploads.append',
  method: 'PATCH',
  path: '/v1/uploads/:id',
  summary: 'Go on with an upload (tus)',
  policy: write,
  shapes: () => ({ body: 'bytes', answers: { 204: null } }),
})
export const abortUpload = operation({
  id: 'uploads.abort',
  method: 'DELETE',
  path: '/v1/uploads/:id',
  summary: 'Give an upload up (tus)',
  policy: write,
  shapes: () => ({ body: 'bytes', answers: { 204: null } }),
})
