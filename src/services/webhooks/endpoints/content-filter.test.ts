import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../runtime/ports/json.ts'
import { faultOfContentFilter, matchesContentFilter, type ContentFilter } from './content-filter.ts'

const event = {
  type: 'order.paid',
  data: {
    total: 120,
    name: 'b',
    open: false,
    gone: null,
    tags: ['x', 'y'],
    nested: { a: 1, b: 2 },
  },
}

test.each<[ContentFilter, boolean]>([
  [{}, true],
  [{ type: 'order.paid' }, true],
  [{ type: 'order' }, false],
  [{ 'data.total': 120 }, true],
  [{ 'data.total': '120' }, false],
  [{ 'data.total': { $gt: 100 } }, true],
  [{ 'data.total': { $gt: 120 } }, false],
  [{ 'data.total': { $gte: 120, $lte: 120 } }, true],
  [{ 'data.total': { $lt: 120 } }, false],
  [{ 'data.total': { $gt: '100' } }, false],
  [{ 'data.name': { $gt: 'a', $lt: 'c' } }, true],
  [{ 'data.total': { $ne: 1 } }, true],
  [{ 'data.total': { $eq: 120 } }, true],
  [{ 'data.total': { $in: [1, 120] } }, true],
  [{ 'data.total': { $in: [] } }, false],
  [{ 'data.open': false, 'data.gone': null }, true],
  [{ 'data.tags.1': 'y' }, true],
  [{ 'data.tags': ['x', 'y'] }, true],
  [{ 'data.tags': ['y', 'x'] }, false],
  [{ 'data.tags.length': 2 }, false],
  [{ 'data.nested': { b: 2, a: 1 } }, true],
  [{ 'data.nested': { a: 1 } }, false],
  [{ 'data.__proto__': { $exists: true } }, false],
  [{ 'data.constructor': { $exists: true } }, false],
  [{ 'data.gone': { $exists: true } }, true],
  [{ 'data.missing': { $exists: false } }, true],
  [{ 'data.missing': { $exists: true } }, false],
  [{ $or: [{ type: 'x' }, { 'data.total': 120 }] }, true],
  [{ $or: [{ type: 'x' }, { type: 'y' }] }, false],
  [{ $and: [{ type: 'order.paid' }, { 'data.total': 120 }] }, true],
  [{ $not: { type: 'x' } }, true],
  [{ $not: { type: 'order.paid' } }, false],
  // A key that is missing lets nothing through, whatever is asked of it.
  [{ 'data.tenant': { $ne: 'a' } }, false],
  [{ 'data.tenant': 'a', type: 'order.paid' }, false],
  [{ 'data.tenant': null }, false],
  [{ $not: { 'data.tenant': 'a' } }, false],
  [{ $not: { 'data.tenant': { $ne: 'a' } } }, false],
  [{ $or: [{ 'data.tenant': 'a' }, { type: 'order.paid' }] }, true],
  [{ $not: { $or: [{ 'data.tenant': 'a' }, { type: 'x' }] } }, false],
  [{ $not: { $and: [{ 'data.tenant': 'a' }, { type: 'x' }] } }, true],
  // Nor does a comparison of unlike types, in whatever way it is asked for.
  [{ 'data.total': { $ne: '120' } }, false],
  [{ 'data.total': { $ne: [120] } }, false],
  [{ 'data.total': { $ne: { a: 120 } } }, false],
  [{ 'data.open': { $ne: 0 } }, false],
  [{ 'data.gone': { $ne: 1 } }, false],
  [{ $not: { 'data.total': '120' } }, false],
  [{ $not: { 'data.total': { $eq: '120' } } }, false],
  [{ $not: { 'data.total': { $in: ['120'] } } }, false],
  [{ $not: { 'data.total': { $in: ['120', 1] } } }, false],
  [{ $not: { 'data.total': { $in: [1, 2] } } }, true],
  [{ 'data.total': { $in: ['x', 120] } }, true],
  [{ 'data.tags': { $ne: ['x'] } }, true],
  [{ 'data.name': { $ne: 'a' } }, true],
  // What is null can be asked of every value.
  [{ 'data.total': { $ne: null } }, true],
  [{ 'data.gone': { $ne: null } }, false],
  [{ 'data.missing': { $ne: null } }, false],
  [{ $not: { 'data.name': { $gt: 5 } } }, false],
])('matchesContentFilter(%j) is %s', (filter, matches) => {
  expect(faultOfContentFilter(filter)).toBe(null)
  expect(matchesContentFilter(filter, event)).toBe(matches)
})

test('matchesContentFilter() never lets both a filter and its negation pass', () => {
  const value = fc.constantFrom<Json>(1, 2, 'a', 'b', true, null, [1], { a: 1 })
  const condition = fc.oneof(
    value,
    fc.record({ $ne: value }),
    fc.record({ $gt: fc.constantFrom<Json>(1, 'a') }),
    fc.record({ $in: fc.array(value, { maxLength: 3 }) }),
    fc.record({ $exists: fc.boolean() }),
  )
  const { filter } = fc.letrec<{ filter: ContentFilter }>((tie) => ({
    filter: fc.oneof(
      { depthSize: 'small' },
      fc.dictionary(fc.constantFrom('a', 'b', 'a.a'), condition, { maxKeys: 2 }),
      fc.record({ $not: tie('filter') }),
      fc.record({ $or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ $and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    ),
  }))
  const events = fc.dictionary(fc.constantFrom('a', 'b'), value)
  fc.assert(
    fc.property(filter, events, (one, sample) => {
      const passes = matchesContentFilter(one, sample)
      expect(passes && matchesContentFilter({ $not: one }, sample)).toBe(false)
      expect(matchesContentFilter({ $not: { $not: one } }, sample)).toBe(passes)
    }),
  )
})

test.each<[unknown, string]>([
  [null, 'no object'],
  [[], 'no object'],
  ['x', 'no object'],
  [{ $regex: 'x' }, '"$regex" is no operator'],
  [{ a: { $regex: 'x' } }, '$regex is no operator'],
  [{ a: { $where: '1' } }, '$where is no operator'],
  [{ a: { $gt: 1, b: 2 } }, 'mixes'],
  [{ a: { $gt: [1] } }, '$gt needs a number or text'],
  [{ a: { $in: 1 } }, '$in needs a list'],
  [{ a: { $exists: 1 } }, '$exists needs true or false'],
  [{ $or: [] }, '$or needs a list'],
  [{ $or: {} }, '$or needs a list'],
  [{ $and: [1] }, 'is no object'],
  [{ $not: [] }, 'is no object'],
  [{ '': 1 }, 'is no path'],
  [{ 'a..b': 1 }, 'is no path'],
  [{ a: 'x'.repeat(9000) }, 'bytes'],
  [{ a: new Date(0) }, 'it is not JSON, it.a is of class Date'],
  [{ a: { $ne: undefined } }, 'it.a.$ne is undefined'],
  [{ a: NaN }, 'it.a is NaN'],
  [
    Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, 1])),
    '101 conditions',
  ],
  [nested(9), 'nested too deeply'],
])('faultOfContentFilter(%j) names the fault', (filter, fault) => {
  expect(faultOfContentFilter(filter)).toContain(fault)
})

test('faultOfContentFilter() takes the deepest and longest filter allowed', () => {
  expect(faultOfContentFilter(nested(8))).toBe(null)
  expect(
    faultOfContentFilter(
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 1])),
    ),
  ).toBe(null)
})

function nested(levels: number): ContentFilter {
  return levels === 1 ? { a: 1 } : { $not: nested(levels - 1) }
}
