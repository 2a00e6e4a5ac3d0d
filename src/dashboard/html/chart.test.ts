import { expect, test } from 'vitest'
import { chart } from './chart.ts'

const view = { basePath: '', zone: 'UTC', theme: 'auto', now: 0 } as const
const options = { title: 'T', note: '', from: 0, to: 1, view, format: String }

test('chart() leaves out what is not known, and says its figures in words', () => {
  const text = chart({
    ...options,
    series: [{ name: 'A', values: [0, 3, null, 4, null] }],
  }).toString()
  expect(text).toContain('aria-label="T: A from 0 to 4, last 4"')
  expect(text.match(/<polyline/g)).toHaveLength(2)
  expect(text).toContain('points="0,120 150,48"')
  expect(text).toContain('points="450,24 450,24"')
  expect(text).toContain('at most 5')
})

test('chart() draws nothing that is no number', () => {
  for (const values of [[], [null], [0, 0], [Number.MIN_VALUE, 1e308]])
    expect(chart({ ...options, series: [{ name: 'A', values }] }).toString()).not.toMatch(
      /NaN|Infinity/,
    )
})
