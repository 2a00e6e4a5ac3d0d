import { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
import type { InfrastructureMethods } from './infrastructure-methods.ts'
import { fromJsonText, MESSAGE_CHARS, type JsonText } from './json-text.ts'

/** The binding of a Durable Object class, as `env.INFRASTRUCTURE`: what of it is used. */
export interface DurableObjectNamespaceLike {
  getByName(name: string): object
}

/** The methods of an object in another isolate. */
export type RemoteMethods = {
  readonly [Method in keyof InfrastructureMethods]: (
    ...args: Parameters<InfrastructureMethods[Method]>
  ) => Promise<ReturnType<InfrastructureMethods[Method]>>
}

/** Makes one call to the object of that name. */
export type CallObject = <Result>(
  name: string,
  act: (object: RemoteMethods) => Promise<JsonText<Result>>,
) => Promise<Result>

/**
 * @returns A function that calls objects of `namespace` and turns what the platform throws into
 *   {@link BackendError}
 */
export function createObjectCaller(
  namespace: DurableObjectNamespaceLike,
  prefix: string,
): CallObject {
  return async (name, act) => {
    let answer
    try {
      // A stub that has thrown stays broken, so each call takes its own. The class behind the
      // namespace is the binding's promise: nothing can be seen of it from here, and a call to
      // another class says so (see below).
      answer = await act(namespace.getByName(prefix + name) as RemoteMethods)
    } catch (error) {
      throw errorOfCall(error)
    }
    return fromJsonText(answer)
  }
}

/** @throws RangeError when a message to an object would be over the platform's limit */
export function checkMessage<T>(text: JsonText<T>): JsonText<T> {
  if (text.length <= MESSAGE_CHARS) return text
  throw new RangeError(
    `Cannot call Durable Object: the message has ${text.length} characters, at most ${MESSAGE_CHARS} allowed; fewer or smaller values at once expected`,
  )
}

/** What the platform sets on an error that is its own doing. */
interface PlatformMarks {
  readonly overloaded?: unknown
  readonly retryable?: unknown
  readonly durableObjectReset?: unknown
  readonly code?: unknown
}

/** Whether a call failed for a reason that lies with the platform and not with what was called. */
export function isPlatformFailure(error: unknown): boolean {
  const { overloaded, retryable, durableObjectReset } = marksOf(error)
  return overloaded === true || retryable === true || durableObjectReset === true
}

function errorOfCall(error: unknown): unknown {
  if (!(error instanceof Error))
    return new BackendError('backend_failed', CALL_FAILED, { cause: error })
  const { overloaded, code } = marksOf(error)
  // Only its name and properties cross over, not its class.
  if (error.name === 'BackendError' && isBackendErrorCode(code))
    return new BackendError(code, error.message, { cause: error })
  if (overloaded === true)
    return new BackendError(
      'backend_overloaded',
      'Cannot call Durable Object: it is overloaded, fewer calls or more shards expected',
      { cause: error },
    )
  if (isPlatformFailure(error) || /connection lost/i.test(error.message))
    return new BackendError(
      'backend_unavailable',
      'Cannot call Durable Object: it was reset or the connection was lost, try again later',
      { cause: error },
    )
  // During a deployment a Worker is updated before its objects, for some seconds.
  if (/does not implement the method/.test(error.message))
    return new BackendError(
      'backend_unavailable',
      'Cannot call Durable Object: its class lacks this method, it is of an earlier deployment or no InfrastructureObject',
      { cause: error },
    )
  if (error instanceof RangeError || error instanceof TypeError) return error
  return new BackendError('backend_failed', CALL_FAILED, { cause: error })
}

const CALL_FAILED = 'Cannot call Durable Object: it failed, see cause'

function marksOf(error: unknown): PlatformMarks {
  return error instanceof Error ? (error as PlatformMarks) : {}
}

function isBackendErrorCode(code: unknown): code is BackendErrorCode {
  return (
    code === 'backend_unavailable' || code === 'backend_overloaded' || code === 'backend_failed'
  )
}
