import { expect, test } from 'vitest'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { scanJson } from './scan-json.ts'

const kindOf = (text: string): string => {
  const scan = scanJson(text)
  return scan.ok ? 'ok' : scan.kind
}

test.for([
  ['null', 'ok'],
  [' \t\r\n[1 , 2.50,-0,-0.0e-5 ,1E+2 , 0.1,1e23] ', 'ok'],
  ['{"a":{"b":[{}]},"__proto__":{"x":1},"":0,"constructor":null}', 'ok'],
  [String.raw`"\u00e9\ud83d\ude00\"\\\/\b"`, 'ok'],
  ['"\u{1f600}\u007f\u2028"', 'ok'],
  // Doubles, as languages write them.
  ['9007199254740992', 'ok'],
  ['0.10000000000000001', 'ok'],
  ['0.1000000000000000055511151231257827', 'ok'],
  ['5e-324', 'ok'],
  ['4.9406564584124654e-324', 'ok'],
  ['1.7976931348623157e308', 'ok'],
  ['100000000000000000000', 'ok'],
  ['0e999999999', 'ok'],
  ['9007199254740993', 'ambiguous'],
  ['12345678901234567890', 'ambiguous'],
  ['-12345678901234567', 'ambiguous'],
  ['9007199254740993.5', 'ambiguous'],
  ['3.141592653589793238462643', 'ambiguous'],
  ['1e400', 'ambiguous'],
  ['-1e309', 'ambiguous'],
  ['1e-400', 'ambiguous'],
  ['3e-324', 'ambiguous'],
  [`0.${'3'.repeat(200)}`, 'ambiguous'],
  ['{"a":1,"b":2,"a":1}', 'ambiguous'],
  [String.raw`{"a":1,"\u0061":1}`, 'ambiguous'],
  [String.raw`[{"x":[{"__proto__":1,"__proto__":2}]}]`, 'ambiguous'],
  [String.raw`"\ud800"`, 'ambiguous'],
  [String.raw`{"\udc00x":1}`, 'ambiguous'],
  [String.raw`"\ude00\ud83d"`, 'ambiguous'],
  ['"\ud800"', 'ambiguous'],
  ['', 'malformed'],
  [' ', 'malformed'],
  ['\ufeff1', 'malformed'],
  ['\u00a01', 'malformed'],
  ['1 1', 'malformed'],
  ['[1,]', 'malformed'],
  ['[,1]', 'malformed'],
  ['[1 2]', 'malformed'],
  ['{"a":1,}', 'malformed'],
  ['{"a"1}', 'malformed'],
  ['{a:1}', 'malformed'],
  ["{'a':1}", 'malformed'],
  ['{"a":1', 'malformed'],
  ['[', 'malformed'],
  ['"a', 'malformed'],
  ['"a\nb"', 'malformed'],
  ['"\\x41"', 'malformed'],
  ['"\\u00"', 'malformed'],
  ['"\\', 'malformed'],
  ['01', 'malformed'],
  ['+1', 'malformed'],
  ['.5', 'malformed'],
  ['1.', 'malformed'],
  ['1e', 'malformed'],
  ['-', 'malformed'],
  ['0x10', 'malformed'],
  ['NaN', 'malformed'],
  ['Infinity', 'malformed'],
  ['True', 'malformed'],
  ['nul', 'malformed'],
  ['undefined', 'malformed'],
  ['1//', 'malformed'],
] as const)('scanJson() finds %j to be %s', ([text, kind]) => {
  expect(kindOf(text)).toBe(kind)
})

test('scanJson() answers the members of an object as they are written', () => {
  const scan = scanJson(String.raw` { "a" : 1.0 , "\u0062":[ 1, {"a":2} ] ,"__proto__":"x" } `)
  expect(scan.ok && [...(scan.members ?? [])]).toEqual([
    ['a', '1.0'],
    ['b', '[ 1, {"a":2} ]'],
    ['__proto__', '"x"'],
  ])
  expect(scanJson('[{"a":1}]')).toEqual({ ok: true, members: null })
})

test.for([2000, 100_000])(
  'scanJson() refuses %i levels without running out of its own',
  (depth) => {
    for (const [start, end] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"a":', '}]'],
    ] as const)
      for (const text of [
        `${start.repeat(depth)}1${end.repeat(depth)}`,
        start.repeat(depth),
        `{"data":${start.repeat(depth)}`,
      ])
        expect(kindOf(text)).toBe('ambiguous')
  },
)

test('scanJson() counts levels as maxDepth says', () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
  expect(scanJson(nested(200)).ok).toBe(true)
  expect(scanJson(nested(201)).ok).toBe(false)
  expect(scanJson(nested(2), { maxDepth: 1 })).toEqual({
    ok: false,
    kind: 'ambiguous',
    fault: 'it is nested deeper than 1 levels (at character 2)',
  })
})

test('scanJson() says where, and nothing of what is there', () => {
  expect(scanJson('{"secret":"hush",}')).toMatchObject({ fault: 'it is no JSON at character 18' })
  expect(scanJson('{"secret":"hush"')).toMatchObject({ fault: 'it is no JSON where the text ends' })
})

test('scanJson() takes long texts in linear time', () => {
  for (const text of [
    `1${'0'.repeat(300_000)}1`,
    `0.${'0'.repeat(300_000)}`,
    `"${'\\u0041'.repeat(100_000)}"`,
    `"${'a'.repeat(1_000_000)}`,
    `[${'1,'.repeat(200_000)}1]`,
    `${' '.repeat(1_000_000)}`,
  ])
    scanJson(text)
})

test('scanJson() agrees with JSON.parse about what is JSON', () => {
  const random = createSeededRandom(1)
  const pick = (items: readonly string[]): string =>
    items[Math.floor(random.fraction() * items.length)] ?? ''
  const parts = '{ } [ ] , : "a" "b" "" 0 -1 1.5 2e3 true false null \\ " \\u0061 \n 1. e'.split(
    ' ',
  )
  let agreed = 0
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: 1 + Math.floor(random.fraction() * 9) }, () =>
      pick(parts),
    ).join('')
    let parses = true
    try {
      JSON.parse(text)
    } catch {
      parses = false
    }
    const kind = kindOf(text)
    if (kind !== 'ambiguous') expect([text, kind === 'ok']).toEqual([text, parses])
    if (kind === 'ok') agreed++
  }
  expect(agreed).toBeGreaterThan(500)
})

test('scanJson() takes every double that JSON.stringify or toPrecision writes', () => {
  const random = createSeededRandom(2)
  const bits = new DataView(new ArrayBuffer(8))
  for (let round = 0; round < 20_000; round++) {
    for (const [index, byte] of random.bytes(8).entries()) bits.setUint8(index, byte)
    const value = bits.getFloat64(0)
    if (!Number.isFinite(value)) continue
    for (const text of [String(value), value.toPrecision(17), value.toPrecision(21)])
      expect([text, kindOf(text)]).toEqual([text, 'ok'])
  }
})
