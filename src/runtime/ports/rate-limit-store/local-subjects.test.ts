import { expect, test } from 'vitest'
import { createLocalSubjects } from './local-subjects.ts'

/** How often the age of anything was looked at while so many limits were put. */
function looksFor(count: number, subjectOf: (index: number) => string, restMs: number): number {
  const subjects = createLocalSubjects(1_000_000)
  let looks = 0
  const stateAt = (at: number) => ({
    get at() {
      looks++
      return at
    },
  })
  for (let index = 0; index < count; index++)
    subjects.put(subjectOf(index), `name-${index}`, stateAt(index), restMs)
  return looks
}

test.for([
  ['many subjects', (index: number) => `s${index}`],
  ['many limits of one subject', () => 's'],
] as const)('put() looks at as much however much is kept: %s', ([, subjectOf]) => {
  const few = looksFor(500, subjectOf, 1e9) / 500
  const many = looksFor(5000, subjectOf, 1e9) / 5000
  expect(many).toBeLessThanOrEqual(few * 1.2)
})

test('what is over is dropped, and nothing else, whichever way it was put', () => {
  const subjects = createLocalSubjects(1_000_000)
  const names = Array.from({ length: 2000 }, (_, index) => index)
  for (const index of names) {
    const restMs = index % 50 === 0 ? 1e9 : 10
    subjects.put('one', `n${index}`, { at: index }, restMs)
    subjects.put(`s${index}`, 'n', { at: index }, restMs)
  }
  const kept = names.filter((index) => subjects.find('one', `n${index}`) !== undefined)
  const others = names.filter((index) => subjects.find(`s${index}`, 'n') !== undefined)
  for (const found of [kept, others]) {
    expect(found.filter((index) => index % 50 === 0)).toHaveLength(40)
    expect(found.length).toBeLessThan(150)
  }
})

test('moveTo() hands over all limits of the subjects that begin so', () => {
  const from = createLocalSubjects(10)
  const to = createLocalSubjects(10)
  for (const name of ['a', 'b']) from.put('p:s', name, { at: 1 }, 10)
  from.put('q:s', 'a', { at: 1 }, 10)
  from.moveTo(to, 'p:')
  expect(['a', 'b'].map((name) => to.find('s', name)?.restMs)).toEqual([10, 10])
  expect(['p:s', 'q:s'].map((subject) => from.find(subject, 'a')?.restMs)).toEqual([undefined, 10])
})
