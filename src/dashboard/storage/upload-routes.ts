import { readBytes } from '../../primitives/read-bytes.ts'
import { decodeUtf8 } from '../../primitives/utf8.ts'
import type { UploadSession } from '../../services/storage/uploads/index.ts'
import type { Call } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import { SECURITY_HEADERS } from '../http/headers.ts'
import type { Route } from '../http/route.ts'
import type { DashboardFiles } from '../dashboard-services.ts'
import { filesOf } from './files-of.ts'

const MOST_BYTES = 8192
const TYPE = /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}$/

/** Uploads in pieces, by the dashboard's script. */
export function uploadRoutes(): readonly Route[] {
  return [
    { method: 'PUT', path: '/storage/uploads', role: 'operator', handle: begin },
    { method: 'GET', path: '/storage/uploads/:id', role: 'operator', handle: whereItIs },
    { method: 'PATCH', path: '/storage/uploads/:id', role: 'operator', handle: append },
  ]
}

function uploadsOf(call: Call): NonNullable<DashboardFiles['uploads']> {
  const { uploads } = filesOf(call)
  if (uploads !== undefined) return uploads
  throw new MissingPageError('Nothing can be uploaded here.')
}

async function begin(call: Call): Promise<Response> {
  const { request } = call
  const bytes = request.body === null ? null : await readBytes(request.body, MOST_BYTES)
  const given = bytes === null ? null : (JSON.parse(decodeUtf8(bytes)) as unknown)
  if (typeof given !== 'object' || given === null)
    throw new TypeError('Cannot begin upload: the body is no JSON object')
  const { key, size, type } = given as Readonly<Record<string, unknown>>
  if (typeof key !== 'string' || typeof size !== 'number')
    throw new TypeError('Cannot begin upload: key and size are expected')
  const session = await uploadsOf(call).create({
    ...{ key, size },
    ...(typeof type === 'string' && TYPE.test(type) && { contentType: type }),
  })
  await call.record({ action: 'files.upload', target: `file/${key}`, outcome: 'success' })
  return answer(session, 201)
}

async function whereItIs(call: Call): Promise<Response> {
  const session = await uploadsOf(call).get(call.param('id'))
  return session === null ? new Response(null, { status: 404 }) : answer(session, 200)
}

async function append(call: Call): Promise<Response> {
  const { request } = call
  const offset = Number(call.query('offset'))
  const session = await uploadsOf(call).append(call.param('id'), {
    ...{ offset, body: request.body ?? new Uint8Array(), signal: request.signal },
  })
  return answer(session, 200)
}

function answer({ id, state, offset }: UploadSession, status: number): Response {
  return Response.json({ id, state, offset }, { status, headers: SECURITY_HEADERS })
}
