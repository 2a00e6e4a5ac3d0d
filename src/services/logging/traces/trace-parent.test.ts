import { expect, test } from 'vitest'
import { readTraceContext, writeTraceparent } from './trace-parent.ts'

const TRACE = '12345678901234567890123456789012'
const SPAN = '1234567890123456'
const PARENT = `00-${TRACE}-${SPAN}-01`

/** As the validation suite of the specification has them. */
const kept = [
  PARENT,
  ` ${PARENT}`,
  `\t ${PARENT} \t`,
  `cc-${TRACE}-${SPAN}-01`,
  `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`,
  `00-${TRACE}-${SPAN}-ff`,
]
const refused = [
  '',
  `${PARENT}.`,
  `${PARENT}-what-the-future-will-be-like`,
  `cc-${TRACE}-${SPAN}-01.what-the-future-will-be-like`,
  `ff-${TRACE}-${SPAN}-01`,
  `.0-${TRACE}-${SPAN}-01`,
  `0.-${TRACE}-${SPAN}-01`,
  `000-${TRACE}-${SPAN}-01`,
  `0-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-.${TRACE.slice(1)}-${SPAN}-01`,
  `00-${TRACE.slice(1)}.-${SPAN}-01`,
  `00-${TRACE}3-${SPAN}-01`,
  `00-${TRACE.slice(1)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}-.${SPAN.slice(1)}-01`,
  `00-${TRACE}-${SPAN}7-01`,
  `00-${TRACE}-${SPAN.slice(1)}-01`,
  `00-${TRACE}-${SPAN}-.0`,
  `00-${TRACE}-${SPAN}-0.`,
  `00-${TRACE}-${SPAN}-001`,
  `00-${TRACE}-${SPAN}-1`,
  `00-${TRACE.replaceAll('1', 'A')}-${SPAN}-01`,
  `${PARENT}, ${PARENT}`,
  `cc-${TRACE}-${SPAN}-01-x, ${PARENT}`,
]

test.for(kept)('readTraceContext() takes %j', (header) => {
  expect(readTraceContext(header)).toMatchObject({ traceId: TRACE, spanId: SPAN, sampled: true })
})

test.for(refused)('readTraceContext() takes %j for none', (header) => {
  expect(readTraceContext(header, 'foo=1')).toBeUndefined()
})

const longKey = 'z'.repeat(256)
const states: readonly (readonly [header: string | null, kept: string | undefined])[] = [
  [null, undefined],
  ['', undefined],
  ['foo=1,bar=2', 'foo=1,bar=2'],
  ['foo=1 \t , \t bar=2, \t baz=3', 'foo=1,bar=2,baz=3'],
  ['foo=1,', 'foo=1'],
  [',foo=1', 'foo=1'],
  ['foo=1,foo=2', 'foo=1'],
  ['foo =1', undefined],
  ['FOO=1', undefined],
  ['foo.bar=1', undefined],
  ['foo@=1,bar=2', 'foo@=1,bar=2'],
  ['@foo=1,bar=2', undefined],
  ['foo@@bar=1,bar=2', 'foo@@bar=1,bar=2'],
  [`foo=1,${longKey}=1`, `foo=1,${longKey}=1`],
  [`foo=1,z${longKey}=1`, undefined],
  [`${'t'.repeat(241)}@${'v'.repeat(14)}=1`, `${'t'.repeat(241)}@${'v'.repeat(14)}=1`],
  ['foo=bar=baz', undefined],
  ['foo=,bar=3', undefined],
  [`foo=${'v'.repeat(256)}`, `foo=${'v'.repeat(256)}`],
  [`foo=${'v'.repeat(257)}`, undefined],
  [members(32), members(32)],
  [members(33), undefined],
]

test.for(states)('of the tracestate %j there remains %j', ([header, remaining]) => {
  expect(readTraceContext(PARENT, header)?.traceState).toBe(remaining)
})

test('a tracestate may have every character that is legal', () => {
  const key = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/'
  const value = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))
    .filter((character) => character !== ',' && character !== '=')
    .join('')
  expect(readTraceContext(PARENT, `${key}=${value}`)?.traceState).toBe(`${key}=${value}`)
})

test('writeTraceparent() keeps the two flags that are known, and no other', () => {
  for (const [flags, written] of [
    ['00', '00'],
    ['01', '01'],
    ['02', '02'],
    ['03', '03'],
    ['ff', '03'],
    ['fc', '00'],
  ] as const) {
    const context = readTraceContext(`00-${TRACE}-${SPAN}-${flags}`)
    if (context === undefined) throw new Error('It was to be read')
    expect(writeTraceparent(context)).toBe(`00-${TRACE}-${SPAN}-${written}`)
  }
})

function members(count: number): string {
  return Array.from({ length: count }, (_, at) => `bar${at}=${at}`).join()
}
