import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  parseDictionary,
  type BareItem,
  type InnerList,
  type StructuredItem,
} from './structured-dictionary.ts'

test('parseDictionary() reads every kind of value, parameters, inner lists, and the text of a member', () => {
  const text =
    'a=1;x;y="q\\"",  b=-1.5, c, d=?0, e=:AQI=:, f=tok/en, g=@1700000000, h=("a"  b;k=1 ) ;z, a=2'
  const members = parseDictionary(text.replace(' ;z', ';z'))
  expect([...(members ?? [])].map(([key, member]) => [key, member.text])).toEqual([
    ['a', '2'],
    ['b', '-1.5'],
    ['c', ''],
    ['d', '?0'],
    ['e', ':AQI=:'],
    ['f', 'tok/en'],
    ['g', '@1700000000'],
    ['h', '("a"  b;k=1 );z'],
  ])
  expect(members?.get('e')).toMatchObject({
    item: { kind: 'bytes', value: new Uint8Array([1, 2]) },
  })
  expect(members?.get('h')).toMatchObject({
    items: [{ item: { kind: 'string', value: 'a' } }, { item: { kind: 'token', value: 'b' } }],
  })
})

test.each([
  'a=1,',
  ',a=1',
  'A=1',
  'a=',
  'a==1',
  'a="x',
  'a="\\x"',
  'a="ü"',
  'a=1.2.3',
  'a=1234567890123456',
  'a=1.2345',
  'a=:A:',
  'a=:AB==:',
  'a=("x""y")',
  'a=("x"',
  'a=1 b=2',
  'a=?2',
  'a;=1',
  'a=@1.5',
])('parseDictionary() refuses %j', (text) => {
  expect(parseDictionary(text)).toBeNull()
})

test('parseDictionary() refuses more than 16,384 characters', () => {
  expect(parseDictionary(`a="${'x'.repeat(16_380)}"`)).not.toBeNull()
  expect(parseDictionary(`a="${'x'.repeat(16_381)}"`)).toBeNull()
})

test('parseDictionary() never throws, whatever it is given', () => {
  const nearly = fc.string({ unit: fc.constantFrom(...'ab=(";:?@, \\1.-)\t') })
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), (text) => {
      parseDictionary(text)
    }),
    { numRuns: 5000 },
  )
})

const dataset = new URL(
  '../../../shared/datasets/structured-fields/dictionary.json',
  import.meta.url,
)

test.skipIf(!existsSync(dataset))(
  'parseDictionary() agrees with the cases of the HTTP working group',
  () => {
    // The file's own shape: a list of named cases.
    const cases = JSON.parse(readFileSync(dataset, 'utf8')) as readonly {
      readonly name: string
      readonly raw: readonly string[]
      readonly must_fail?: boolean
      readonly expected?: readonly (readonly [string, unknown])[]
    }[]
    expect(cases.length).toBeGreaterThan(20)
    for (const { name, raw, must_fail: mustFail, expected } of cases) {
      const members = parseDictionary(raw.join(', '))
      const got = members && [...members].map(([key, member]) => [key, plainMember(member)])
      expect(got, name).toEqual(mustFail ? null : expected)
    }
  },
)

/** Values as the working group's files write them; bytes, which they have in base32, as a mark. */
function plainMember(member: StructuredItem | InnerList): unknown {
  const parameters = [...member.parameters].map(([key, value]) => [key, plainItem(value)])
  return 'items' in member
    ? [member.items.map((item) => plainMember(item)), parameters]
    : [plainItem(member.item), parameters]
}

function plainItem({ kind, value }: BareItem): unknown {
  if (kind === 'bytes') return expect.objectContaining({ __type: 'binary' })
  if (kind === 'token' || kind === 'date') return { __type: kind, value }
  return value
}
