import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { scanJson } from './scan-json.ts'
import { writeJson } from './write-json.ts'

class Money {
  readonly cents = 1
}

const proto: unknown = JSON.parse('{"__proto__":{"x":1},"constructor":2,"ok":1}')

test.for([
  [null],
  [true],
  [''],
  ['"\\\u0000\n\u2028\u{1f600} ü'],
  ['x'.repeat(100)],
  [-0],
  [5e-324],
  [1e21],
  [[]],
  [[1, [], [null, -0]]],
  [{}],
  [{ b: 1, a: { '': [{}] }, '"': 0, 'ü\n': 1 }],
  [proto],
  [Object.assign(Object.create(null) as object, { a: 1 })],
  [runInNewContext('({ a: [1, { b: 2 }] })') as unknown],
] as const)('writeJson() writes text from which %j comes back', ([value]) => {
  const text = writeJson(value)
  expect(Object.is(value, -0) || JSON.stringify(value) === text || text.includes('-0')).toBe(true)
  const back: unknown = JSON.parse(text)
  expect(writeJson(back)).toBe(text)
  expect(JSON.stringify(back)).toBe(JSON.stringify(value))
  expect(scanJson(text).ok).toBe(true)
})

test('writeJson() keeps -0 and __proto__', () => {
  expect(writeJson({ a: [-0, 0] })).toBe('{"a":[-0,0]}')
  expect(writeJson(proto)).toBe('{"__proto__":{"x":1},"constructor":2,"ok":1}')
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const throwing = {
  get a(): never {
    throw new Error('secret')
  },
}

test.for([
  [undefined, 'value is undefined'],
  [{ a: { b: [1, undefined] } }, 'value.a.b[1] is undefined'],
  // oxlint-disable-next-line no-sparse-arrays -- a hole is what is tested
  [[1, , 2], 'value[1] is undefined'],
  [NaN, 'value is NaN'],
  [[-Infinity], 'value[0] is -Infinity'],
  [{ a: 1n }, 'value.a is a bigint'],
  [{ a: Symbol('s') }, 'value.a is a symbol'],
  [{ a: () => 1 }, 'value.a is a function'],
  [{ toJSON: () => 1 }, 'value.toJSON is a function'],
  [{ a: new Date(0) }, 'value.a is of class Date'],
  [new Map(), 'value is of class Map'],
  [new Set(), 'value is of class Set'],
  [new Uint8Array(1), 'value is of class Uint8Array'],
  [new Money(), 'value is of class Money'],
  [Object(1), 'value is of class Number'],
  [/a/, 'value is of class RegExp'],
  [new Error('x'), 'value is of class Error'],
  [Promise.resolve(1), 'value is of class Promise'],
  [Object.create({ a: 1 }), 'value is of class Object'],
  [{ [Symbol('s')]: 1 }, 'value has a symbol'],
  [Object.defineProperty({}, 'a', { value: 1 }), 'value has a symbol or a property that is not'],
  [Object.assign([1], { a: 1 }), 'value is an array with properties'],
  ['a'.match(/a/), 'value is an array with properties'],
  [{ a: '\ud800' }, 'value.a holds half a surrogate pair'],
  [{ '\udc00': 1 }, 'value.… holds half a surrogate pair'],
  [{ 'someone@example.com': NaN }, 'value.… is NaN'],
  [throwing, 'value.a cannot be read'],
  [{ a: revoked() }, 'value.a cannot be read'],
  [
    new Proxy(
      {},
      {
        ownKeys() {
          throw new RangeError('mine')
        },
      },
    ),
    'value cannot be read',
  ],
] as const)('writeJson() refuses where %2$s', ([value, fault]) => {
  expect(() => writeJson(value)).toThrow(TypeError)
  expect(() => writeJson(value)).toThrow(fault)
})

test('writeJson() hands on why a property cannot be read, as the cause alone', () => {
  try {
    writeJson(throwing)
    expect.unreachable()
  } catch (error) {
    expect(error).toMatchObject({ cause: new Error('secret') })
    expect(String(error)).not.toContain('secret')
  }
})

test('writeJson() reads each property once', () => {
  let reads = 0
  const value = {
    get a(): unknown {
      return ++reads === 1 ? 'first' : new Date()
    },
  }
  expect(writeJson(value)).toBe('{"a":"first"}')
})

test('writeJson() refuses what is nested too deeply or in itself', () => {
  const nested = (depth: number): unknown =>
    depth === 0 ? 1 : depth % 2 === 0 ? [nested(depth - 1)] : { a: nested(depth - 1) }
  expect(writeJson(nested(200))).toContain('1')
  expect(() => writeJson(nested(201))).toThrow(/deeper than 200 levels/)
  const self: unknown[] = []
  self.push(self)
  expect(() => writeJson(self)).toThrow(TypeError)
  expect(() => writeJson(self)).toThrow(/^.{1,120}$/)
  expect(() => writeJson([[]], { maxDepth: 1 })).toThrow(TypeError)
})

test('writeJson() ends where the text would be longer than allowed', () => {
  expect(writeJson(['ab', { c: 1 }], { maxCharacters: 14 })).toBe('["ab",{"c":1}]')
  expect(() => writeJson(['ab', { c: 1 }], { maxCharacters: 13 })).toThrow(RangeError)
  // Small in memory, and 2^100 items as text.
  let bomb: unknown = 1
  for (let level = 0; level < 100; level++) bomb = [bomb, bomb]
  expect(() => writeJson(bomb, { maxCharacters: 100_000 })).toThrow(RangeError)
})
