import { stringifyJson } from '../primitives/stringify-json.ts'

/** One operation as the client calls it; `api/operations.ts` is the table of all. */
export interface OperationShape {
  /** Default `GET`. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/v1/keys/{id}`; a part as `{key+}` may hold slashes. */
  readonly path: string
  /** Names of the input that go into the query. Others that are not in the path are the body. */
  readonly query?: readonly string[]
  /** `json`: what is not in path or query; `bytes`: the input's `body`. Default: none. */
  readonly body?: 'json' | 'bytes'
  /** Where the answer's entries stand, for operations that answer in pages. */
  readonly entries?: string
  /** The answer is handed on as a `Response`. */
  readonly raw?: true
}

/** What a call may set beside its input. */
export interface CallOptions {
  /** Aborts the call, and the waits between its attempts. */
  readonly signal?: AbortSignal
  /**
   * Makes several calls one act: the gateway answers the second as it did the first. Default: a key
   * of its own for each call, so that its attempts are one.
   */
  readonly idempotencyKey?: string
  /** Whom an operator's key acts for. Default: the client's. */
  readonly tenant?: string
  /** How long one attempt may take, 1 ms to a day. Default: the client’s. */
  readonly timeoutMs?: number
}

/** The address and the body of a call. */
export interface WrittenCall {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly body: BodyInit | null
  readonly contentType: string | null
  /** Whether the body can be sent once more. */
  readonly repeatable: boolean
}

/** Parts of the path, of the query and of the body, side by side. */
export type CallInput = Readonly<Record<string, unknown>>

/**
 * Writes a call of an operation down, for a program that sends it in its own way.
 *
 * @param name How errors call the operation
 * @param tenant Whom an operator acts for
 * @throws TypeError when a part of the path is missing, or a value can stand in no address or body
 *
 * @example
 * const shape = { method: 'GET', path: '/v1/keys/{id}' } as const
 * const { target } = writeCall('keys.get', shape, { id: 'a/b' }, 'acme')
 * console.log(target) // /v1/keys/a%2Fb?tenant=acme
 */
export function writeCall(
  name: string,
  shape: OperationShape,
  input: CallInput,
  tenant: string | undefined,
): WrittenCall {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
  const path = shape.path.replaceAll(/\{(\w+)(\+?)\}/g, (_whole, part: string, slashes: string) => {
    const value = rest.get(part)
    rest.delete(part)
    return pathPart(name, part, value, slashes !== '')
  })
  const query = new URLSearchParams()
  for (const part of shape.query ?? []) {
    const value = rest.get(part)
    rest.delete(part)
    if (value !== undefined) query.append(part, queryText(name, part, value))
  }
  if (tenant !== undefined && !query.has('tenant')) query.append('tenant', tenant)
  const target = query.size === 0 ? path : `${path}?${query}`
  return { method: shape.method ?? 'GET', target, ...bodyOf(name, shape, rest) }
}

function bodyOf(
  name: string,
  { body }: OperationShape,
  rest: Map<string, unknown>,
): Pick<WrittenCall, 'body' | 'contentType' | 'repeatable'> {
  if (body === 'json')
    return { body: jsonOf(name, rest), contentType: 'application/json', repeatable: true }
  const [bytes, type] = [rest.get('body'), rest.get('contentType')]
  if (body === 'bytes') for (const part of ['body', 'contentType']) rest.delete(part)
  if (rest.size > 0)
    throw new TypeError(
      `Cannot call ${name}: ${[...rest.keys()].join(', ')} is not known to it, see its input`,
    )
  if (body !== 'bytes') return { body: null, contentType: null, repeatable: true }
  if (bytes === undefined || bytes === null)
    throw new TypeError(`Cannot call ${name}: body is missing, bytes, text or a stream expected`)
  return {
    // What fetch takes as a body is for fetch to judge.
    body: bytes as BodyInit,
    contentType: typeof type === 'string' ? type : null,
    repeatable: !(bytes instanceof ReadableStream),
  }
}

/** What JSON would leave out or convert is refused: what is accepted arrives as it is. */
function jsonOf(name: string, members: ReadonlyMap<string, unknown>): string {
  try {
    return stringifyJson(Object.fromEntries(members))
  } catch (error) {
    throw new TypeError(`Cannot call ${name}: its input is no JSON`, { cause: error })
  }
}

function pathPart(name: string, part: string, value: unknown, slashes: boolean): string {
  if ((typeof value !== 'string' || value === '') && typeof value !== 'number')
    throw new TypeError(`Cannot call ${name}: ${part} is missing, text expected`)
  const text = String(value)
  if (!text.isWellFormed())
    throw new TypeError(`Cannot call ${name}: ${part} has half a surrogate pair, text expected`)
  const parts = slashes ? text.split('/') : [text]
  if (parts.some((one) => one === '.' || one === '..'))
    throw new TypeError(
      `Cannot call ${name}: ${part} has a part of dots, which no address can have`,
    )
  return parts.map(encodeURIComponent).join('/')
}

function queryText(name: string, part: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value)
  if (value instanceof Date) return String(value.getTime())
  throw new TypeError(`Cannot call ${name}: ${part} is ${typeof value}, text or a number expected`)
}
