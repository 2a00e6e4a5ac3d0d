import { expect, test } from 'vitest'
import { BackendError } from '../../ports/backend-error.ts'
import { toJsonText } from './json-text.ts'
import { checkMessage, createObjectCaller, type CallObject } from './object-caller.ts'

/** Calls an object that answers with `error`, as it arrives from another isolate. */
async function failWith(error: unknown): Promise<unknown> {
  const call = createObjectCaller({ getByName: () => ({}) }, '')
  return call('o', () => Promise.reject(error as Error)).catch((caught: unknown) => caught)
}

const platformError = (marks: object): Error => Object.assign(new Error('from afar'), marks)

test('call() asks the object of that name, behind the prefix', async () => {
  const names: string[] = []
  const namespace = {
    getByName(name: string): object {
      names.push(name)
      return {}
    },
  }
  const call: CallObject = createObjectCaller(namespace, 'tenant/')
  expect(await call('jobs:q', async () => toJsonText({ a: [1] }))).toEqual({ a: [1] })
  expect(names).toEqual(['tenant/jobs:q'])
})

test('call() turns what the platform throws into codes', async () => {
  const codes: [object, string][] = [
    [{ overloaded: true, retryable: true }, 'backend_overloaded'],
    [{ retryable: true }, 'backend_unavailable'],
    [{ durableObjectReset: true }, 'backend_unavailable'],
    [{ message: 'Network connection lost.' }, 'backend_unavailable'],
    [{ message: 'The RPC receiver does not implement the method "x".' }, 'backend_unavailable'],
    [{}, 'backend_failed'],
  ]
  for (const [marks, code] of codes) {
    const cause = platformError(marks)
    const error = await failWith(cause)
    expect(error).toBeInstanceOf(BackendError)
    expect(error).toMatchObject({ code, cause })
    expect((error as Error).message).not.toContain('from afar')
  }
  expect(await failWith('thrown text')).toMatchObject({ code: 'backend_failed' })
})

test('call() keeps the errors of wrong arguments, and makes a BackendError one again', async () => {
  for (const error of [new RangeError('too much'), new TypeError('not JSON')])
    expect(await failWith(error)).toBe(error)
  const arrived = platformError({ name: 'BackendError', code: 'backend_overloaded', remote: true })
  const error = await failWith(arrived)
  expect(error).toBeInstanceOf(BackendError)
  expect(error).toMatchObject({ code: 'backend_overloaded', message: 'from afar' })
})

test('checkMessage() refuses what is over the limit of a message', () => {
  expect(checkMessage(toJsonText([1]))).toBe('[1]')
  expect(() => checkMessage(toJsonText('x'.repeat(15_000_000)))).toThrow(RangeError)
})
