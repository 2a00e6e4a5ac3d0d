import { memoryBlobs } from '@white-cross/reuse/infrastructure/storage/memory'
import { sidecar, signSidecarRequest } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { DEFAULT_LIMITS, type SidecarLimits } from '../../sidecar/src/limits.ts'
import { startSidecar, type SidecarServerOptions } from '../../sidecar/src/server/create-sidecar.ts'

export const SIDECAR_KEY = { id: 'k1', secret: 'a-secret-of-sixteen-bytes-or-more' }

/** Limits to change, part by part. */
export type LimitChanges = {
  readonly [Part in keyof SidecarLimits]?: Partial<SidecarLimits[Part]>
}

/** @returns The default limits with some of them changed */
export function limitsWith(changes: LimitChanges): SidecarLimits {
  const { bodyBytes, nonces, ...parts } = DEFAULT_LIMITS
  return {
    bodyBytes: changes.bodyBytes ?? bodyBytes,
    nonces: changes.nonces ?? nonces,
    image: { ...parts.image, ...changes.image },
    video: { ...parts.video, ...changes.video },
    scan: { ...parts.scan, ...changes.scan },
    mail: { ...parts.mail, ...changes.mail },
  }
}

/** Starts a sidecar in this process, with a store `local` in memory, and a client of it. */
export async function useSidecar(
  changes: LimitChanges = {},
  more: Partial<SidecarServerOptions> = {},
) {
  const local = memoryBlobs()
  const errors: unknown[] = []
  const server = await startSidecar({
    keys: [SIDECAR_KEY],
    stores: { local },
    limits: limitsWith(changes),
    onError: (error) => errors.push(error),
    ...more,
  })
  return {
    server,
    errors,
    bucket: local.bucket('files'),
    client: sidecar({ url: server.url, ...SIDECAR_KEY, stores: ['local'] }),
    [Symbol.asyncDispose]: () => server.stop(0),
  }
}

/** Sends a request as it is told to, signed unless it is changed afterwards. */
export async function sendSigned(
  url: string,
  path: string,
  parameters: unknown,
  {
    body = new Uint8Array(),
    sent = body,
    change = (headers) => headers,
    signal,
  }: {
    readonly body?: Uint8Array<ArrayBuffer>
    /** What is sent in place of what was signed. */
    readonly sent?: Uint8Array<ArrayBuffer>
    readonly change?: (headers: Record<string, string>) => Record<string, string>
    readonly signal?: AbortSignal
  } = {},
): Promise<Response> {
  const headers = await signSidecarRequest({ method: 'POST', path, parameters, body }, SIDECAR_KEY)
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: change(headers),
    body: sent,
    ...(signal && { signal }),
  })
}
