import type { Operation } from './http/operation.ts'

/** A request for an operation, with `path` as it is sent. */
export interface SampleRequest {
  readonly method: string
  readonly path: string
  readonly body?: string
}

const IDS: Readonly<Record<string, string>> = {
  queue: 'default',
  saga: 'http',
  key: 'a/b.txt',
  provider: 'sandbox',
  tenant: 'default',
  ticket: 'none',
}

/** A request that names things which are not there; its body is an object, where there is one. */
export function sampleOf(
  { method, path, body }: Operation,
  ids: Readonly<Record<string, string>> = {},
): SampleRequest {
  const filled = path.replaceAll(
    /:(\w+)(?:\{[^}]*\})?/g,
    (_whole, name: string) => ids[name] ?? IDS[name] ?? '0123456789abcdef',
  )
  return {
    method,
    path: filled,
    ...(body !== undefined && method !== 'HEAD' && { body: body === 'bytes' ? 'x' : '{}' }),
  }
}
