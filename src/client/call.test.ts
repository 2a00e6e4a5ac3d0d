import { expect, test } from 'vitest'
import { writeCall, type CallInput, type OperationShape } from './call.ts'

const UPDATE: OperationShape = {
  method: 'PATCH',
  path: '/v1/endpoints/{id}',
  query: ['dry'],
  body: 'json',
}
const LIST: OperationShape = { method: 'GET', path: '/v1/jobs', query: ['state', 'limit', 'after'] }
const ACT: OperationShape = { method: 'POST', path: '/v1/jobs/{id}/retry' }
const FILE: OperationShape = { method: 'PUT', path: '/v1/files/{key+}', body: 'bytes' }

test('writeCall() puts each part where it belongs', () => {
  expect(
    writeCall('a', UPDATE, { id: 'a/b c', dry: true, url: 'https://x', gone: undefined }, 'acme'),
  ).toEqual({
    method: 'PATCH',
    target: '/v1/endpoints/a%2Fb%20c?dry=true&tenant=acme',
    body: '{"url":"https://x"}',
    contentType: 'application/json',
    repeatable: true,
  })
  expect(
    writeCall('a', LIST, { state: 'a&b', limit: 5, after: new Date(7) }, undefined).target,
  ).toBe('/v1/jobs?state=a%26b&limit=5&after=7')
})

test('writeCall() keeps slashes of keys, and says that a stream can be sent but once', () => {
  const bytes = new Uint8Array(1)
  expect(
    writeCall('a', FILE, { key: 'a/ü.png', body: bytes, contentType: 'image/png' }, undefined),
  ).toEqual({
    method: 'PUT',
    target: '/v1/files/a/%C3%BC.png',
    body: bytes,
    contentType: 'image/png',
    repeatable: true,
  })
  const stream = new ReadableStream()
  expect(writeCall('a', FILE, { key: 'a', body: stream }, undefined).repeatable).toBe(false)
})

test.each<readonly [OperationShape, CallInput, string]>([
  [UPDATE, {}, 'Cannot call x.y: id is missing, text expected'],
  [UPDATE, { id: '' }, 'Cannot call x.y: id is missing, text expected'],
  [UPDATE, { id: {} }, 'Cannot call x.y: id is missing, text expected'],
  [UPDATE, { id: '..' }, 'Cannot call x.y: id has a part of dots, which no address can have'],
  [FILE, { key: 'a/../b' }, 'Cannot call x.y: key has a part of dots, which no address can have'],
  [LIST, { sate: 'dead' }, 'Cannot call x.y: sate is not known to it, see its input'],
  [LIST, { state: 1n }, 'Cannot call x.y: state is bigint, text or a number expected'],
  [ACT, { id: 'a', reason: 'why' }, 'Cannot call x.y: reason is not known to it, see its input'],
  [ACT, { id: '\ud800' }, 'Cannot call x.y: id has half a surrogate pair, text expected'],
  [FILE, { key: 'a' }, 'Cannot call x.y: body is missing, bytes, text or a stream expected'],
  [
    FILE,
    { key: 'a', body: '', type: 'x' },
    'Cannot call x.y: type is not known to it, see its input',
  ],
  ...[NaN, 1n, new Map(), new Date(0), '\ud800', () => 1].map(
    (value) => [UPDATE, { id: 'a', value }, 'Cannot call x.y: its input is no JSON'] as const,
  ),
  [LIST, { state: {} }, 'Cannot call x.y: state is object, text or a number expected'],
])('writeCall() refuses what would be another call (%#)', (shape, input, message) => {
  expect(() => writeCall('x.y', shape, input, undefined)).toThrow(new TypeError(message))
})
