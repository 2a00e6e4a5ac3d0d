import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRedactor } from '../../src/services/logging/index.ts'
import { evaluateRedaction, type LabelledText } from '../support/redaction-evaluation.ts'

const root = join(import.meta.dirname, '../..')
const datasets = join(root, '../shared/datasets')
const docs = readFileSync(join(root, 'docs/logging.md'), 'utf8')

/** Recognizers of Presidio whose kinds of data we look for, with the name in the docs. */
const RECOGNIZERS = {
  email: 'E-mail',
  phone: 'Phone',
  us_ssn: 'SSN',
  us_itin: 'ITIN',
  credit_card: 'Card',
  iban: 'IBAN',
  ip: 'IP address',
  mac: 'MAC address',
  us_mbi: 'Medicare number',
  us_npi: 'NPI',
  certificate_number: 'DEA number',
  date: 'Date',
  url: 'URL',
}

interface Vector {
  readonly recognizer: string
  readonly text: string
  readonly n: number
  readonly pos: readonly (readonly [number, number])[] | null
}

interface Sample {
  readonly full_text: string
  readonly spans: readonly {
    readonly entity_type: string
    readonly start_position: number
    readonly end_position: number
  }[]
}

const present = existsSync(join(datasets, 'presidio-recognizer-vectors.json'))

test.skipIf(!present)('the table of Presidio’s vectors in the docs is what they give', () => {
  const vectors = read<readonly Vector[]>('presidio-recognizer-vectors.json')
  const rows = Object.entries(RECOGNIZERS).map(([recognizer, name]) => {
    const corpus = vectors
      .filter(
        (vector) => vector.recognizer === recognizer && (vector.n === 0 || vector.pos !== null),
      )
      .map(({ text, n, pos }): LabelledText => ({
        text,
        spans: (n === 0 ? [] : (pos ?? [])).map(([start, end]) => ({ entity: name, start, end })),
      }))
    const preset = recognizer === 'date' || recognizer === 'url' ? 'hipaa' : 'default'
    const { entities, negatives, changed } = evaluateRedaction(createRedactor({ preset }), corpus)
    const { hidden, spans } = entities[0] ?? { hidden: 0, spans: 0 }
    return [name, `${hidden} of ${spans}`, percent(hidden, spans), `${changed} of ${negatives}`]
  })
  expect(tableAfter('### Presidio’s recognizer vectors')).toEqual(rows)
})

test.skipIf(!present)(
  'the table of Presidio’s synthetic texts in the docs is what they give',
  () => {
    const corpus = read<readonly Sample[]>('presidio-research-synth-v2.json').map(
      ({ full_text, spans }): LabelledText => ({
        text: full_text,
        spans: spans.map(({ entity_type, start_position, end_position }) => ({
          entity: entity_type,
          start: start_position,
          end: end_position,
        })),
      }),
    )
    const { entities, precision, negatives, changed } = evaluateRedaction(
      createRedactor({ preset: 'hipaa' }),
      corpus,
    )
    const rows = entities
      .toSorted((a, b) => b.hidden / b.spans - a.hidden / a.spans || (a.entity < b.entity ? -1 : 1))
      .map(({ entity, hidden, spans }) => [entity, `${hidden} of ${spans}`, percent(hidden, spans)])
    expect(tableAfter('### Presidio’s synthetic texts')).toEqual(rows)
    expect(docs).toContain(`${(precision * 100).toFixed(1)} % of what was hidden`)
    expect(docs).toContain(`${changed} of the ${negatives} texts without any`)
  },
)

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`
}

function tableAfter(heading: string): string[][] {
  const [, after = ''] = docs.split(heading)
  const [table = ''] = after.split(/\n#/)
  return table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

function read<Data>(name: string): Data {
  // The files are described in the README beside them.
  return JSON.parse(readFileSync(join(datasets, name), 'utf8')) as Data
}
