import { expect, test } from 'vitest'
import { isEventPattern, isEventType, matchesEventPattern } from './event-pattern.ts'

test.each([
  ['*', 'a', true],
  ['*', 'a.b.c', true],
  ['order.*', 'order.paid', true],
  ['order.*', 'order.item.added', true],
  ['order.*', 'order', false],
  ['order.*', 'orders.paid', false],
  ['order.paid', 'order.paid', true],
  ['order.paid', 'order.paid.late', false],
  ['order.paid', 'order', false],
  ['*.failed', 'payment.failed', true],
  ['*.failed', 'payment.card.failed', false],
  ['order.*.failed', 'order.item.failed', true],
  ['order.*.failed', 'order.failed', false],
  ['a.b', 'A.b', false],
])('matchesEventPattern(%s, %s) is %s', (pattern, type, matches) => {
  expect(matchesEventPattern(pattern, type)).toBe(matches)
})

test('isEventType() and isEventPattern() take words with dots between, patterns also *', () => {
  for (const type of ['a', 'order.paid', 'A-1_b.c', 'x'.repeat(128)]) {
    expect([isEventType(type), isEventPattern(type)]).toEqual([true, true])
  }
  for (const pattern of ['*', 'a.*', '*.b', 'a.*.c'])
    expect([isEventType(pattern), isEventPattern(pattern)]).toEqual([false, true])
  for (const neither of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a*',
    '**',
    'ä',
    'a\n',
    'x'.repeat(129),
  ])
    expect([isEventType(neither), isEventPattern(neither)]).toEqual([false, false])
})
