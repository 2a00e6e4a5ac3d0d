import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRedactor } from '../../src/services/logging/index.ts'

const docs = readFileSync(join(import.meta.dirname, '../../docs/logging.md'), 'utf8')
const [, section = ''] = docs.split('### Safe Harbor')
const rows = (section.split(/\n#/)[0] ?? '')
  .split('\n')
  .filter((line) => /^\| [A-R] /.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test('the table of Safe Harbor in the docs has all 18 identifiers', () => {
  expect(rows.map(([, name = '']) => name[0]).join('')).toBe('ABCDEFGHIJKLMNOPQR')
})

test.for(rows)('%s: the example becomes what the docs say', (row) => {
  const [example = '', becomes = ''] = row.slice(-3, -1).map((cell) => cell.replaceAll('`', ''))
  const redactor = createRedactor({ preset: 'hipaa' })
  const shown = example.startsWith('{')
    ? JSON.stringify(redactor.object(JSON.parse(example)))
    : redactor.text(example)
  expect(shown).toBe(becomes)
})
