import type { DurableObjectNamespaceLike } from '../../src/runtime/backends/durable-objects/index.ts'

/** One call of an object's method, as it crosses from a process of the rig to workerd. */
export interface RigCall {
  readonly object: string
  readonly method: string
  readonly args: readonly unknown[]
}

/** What became of a {@link RigCall}. */
export type RigAnswer =
  | { readonly answer: unknown }
  | { readonly name: string; readonly message: string; readonly marks: RigMarks }

/** What the platform or an object sets on an error. */
export type RigMarks = Readonly<Partial<Record<(typeof MARKS)[number], unknown>>>

const MARKS = ['code', 'overloaded', 'retryable', 'durableObjectReset'] as const
/** A call that waits for a workerd which is killed under it fails by then. */
const CALL_MS = 5000

/** The objects of a workerd as its own Worker has them: what is not answered is the platform's failure. */
export function remoteNamespace(port: number): DurableObjectNamespaceLike {
  return {
    getByName: (object) =>
      new Proxy(
        {},
        {
          get:
            (_, method) =>
            (...args: readonly unknown[]) =>
              callObject(port, { object, method: String(method), args }),
        },
      ),
  }
}

async function callObject(port: number, call: RigCall): Promise<unknown> {
  let result: RigAnswer
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: JSON.stringify(call),
      signal: AbortSignal.timeout(CALL_MS),
    })
    if (response.status !== 200) throw new Error(`workerd answered with ${response.status}`)
    // The rig's Worker answers with nothing else.
    result = (await response.json()) as RigAnswer
  } catch (cause) {
    throw Object.assign(new Error('Network connection lost', { cause }), { retryable: true })
  }
  if ('answer' in result) return result.answer
  const { name, message, marks } = result
  const Kind = name === 'RangeError' ? RangeError : name === 'TypeError' ? TypeError : Error
  throw Object.assign(new Kind(message), { name }, marks)
}

/** What of an error crosses back. */
export function answerOfError(error: unknown): RigAnswer {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), marks: {} }
  const { name, message } = error
  const marks = Object.fromEntries(
    MARKS.filter((mark) => mark in error).map((mark) => [mark, (error as RigMarks)[mark]]),
  )
  return { name, message, marks }
}
