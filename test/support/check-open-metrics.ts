/** Samples that a family of each type has, by what their names end in. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['', '_count', '_sum', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
}

interface Sample {
  readonly suffix: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
  readonly at: number | undefined
}

interface Family {
  readonly name: string
  type: string
  readonly said: Set<string>
  readonly samples: Sample[]
}

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`
const VALUE = String.raw`(?:${NUMBER}|[+-]?[iI]nf(?:inity)?|NaN)`
const LABEL = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*"`
const LABELS = String.raw`\{((?:${LABEL}(?:,${LABEL})*)?)\}`
const SAMPLE = new RegExp(
  `^([a-zA-Z_:][\\w:]*)(?:${LABELS})? (${VALUE})(?: (${NUMBER}))?(?: # ${LABELS} (${VALUE})(?: (${NUMBER}))?)?$`,
  's',
)

/**
 * Reads text as strictly as OpenMetrics 1.0 says.
 *
 * @throws Error that says what is wrong with it
 */
export function checkOpenMetrics(text: string): void {
  const body = /^([^]*?)# EOF\n?$/.exec(text)?.[1]
  if (body === undefined || (body !== '' && !body.endsWith('\n')))
    throw new Error('It does not end with # EOF')
  const families: Family[] = []
  const names = new Set<string>()
  let current: Family | undefined

  const begin = (name: string): Family => {
    if (families.some((family) => family.name === name)) throw new Error(`${name} stands twice`)
    const family = { name, type: 'unknown', said: new Set<string>(), samples: [] }
    families.push(family)
    return family
  }
  const end = (): void => {
    if (current === undefined) return
    for (const suffix of new Set(['', ...(SUFFIXES[current.type] ?? [])])) {
      const name = current.name + suffix
      if (names.has(name)) throw new Error(`${name} is another family's`)
      names.add(name)
    }
    checkFamily(current)
  }
  for (const line of body.split('\n').slice(0, -1)) {
    const said = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][\w:]*) (.*)$/s.exec(line)
    if (said !== null) {
      const [, what = '', name = '', value = ''] = said
      if (current?.name !== name) {
        end()
        current = begin(name)
      }
      if (current.samples.length > 0 || current.said.has(what))
        throw new Error(`Misplaced: ${line}`)
      current.said.add(what)
      if (what === 'TYPE') {
        if (!Object.hasOwn(SUFFIXES, value)) throw new Error(`No type: ${line}`)
        current.type = value
      }
      if (what === 'UNIT' && value !== '') {
        if (!name.endsWith(`_${value}`)) throw new Error(`No such unit: ${line}`)
        current.said.add('unit')
      }
      continue
    }
    const match = SAMPLE.exec(line)
    if (match === null) throw new Error(`No sample: ${line}`)
    const [, name = '', labels, value = '', at, exemplarLabels, exemplarValue, exemplarAt] = match
    const suffix = current && SUFFIXES[current.type]?.find((one) => current?.name + one === name)
    if (current === undefined || suffix === undefined) {
      end()
      current = begin(name)
    }
    const sample = {
      suffix: suffix ?? '',
      labels: labelsOf(labels),
      value: numberOf(value),
      at: at === undefined ? undefined : Number(at),
    }
    current.samples.push(sample)
    if (exemplarValue === undefined) continue
    const allowed = { counter: '_total', histogram: '_bucket', gaugehistogram: '_bucket' }[
      current.type
    ]
    const length = Array.from(labelsOf(exemplarLabels)).flat().join('')
    if (
      allowed === undefined ||
      sample.suffix !== allowed ||
      Array.from(length).length > 128 ||
      exemplarAt === ''
    )
      throw new Error(`No place for an exemplar: ${line}`)
  }
  end()
}

function checkFamily({ name, type, said, samples }: Family): void {
  const fail = (what: string): never => {
    throw new Error(`${name}: ${what}`)
  }
  if (said.has('unit') && (type === 'info' || type === 'stateset')) fail('has a unit')
  const groups = new Map<string, Sample[]>()
  let last: string | undefined
  for (const sample of samples) {
    const { suffix, labels, value } = sample
    const own = Array.from(labels).filter(
      ([label]) =>
        !(label === 'le' && suffix === '_bucket') &&
        !(label === 'quantile' && type === 'summary') &&
        !(type === 'stateset' && label === name),
    )
    const key = JSON.stringify(own.toSorted((a, b) => (a < b ? -1 : 1)))
    if (key !== last && groups.has(key)) fail('samples of one metric stand apart')
    last = key
    groups.set(key, [...(groups.get(key) ?? []), sample])
    const counts =
      suffix !== '_created' &&
      (type === 'counter' ||
        type === 'histogram' ||
        (type === 'summary' && suffix !== '') ||
        suffix === '_bucket' ||
        suffix === '_gcount')
    const mayBeNegative = type === 'histogram' && suffix === '_sum'
    if (counts && (Number.isNaN(value) || (value < 0 && !mayBeNegative)))
      fail('has a count that is none')
    if (mayBeNegative && value < 0) fail('has a negative sum')
    if (suffix === '_gsum' && Number.isNaN(value)) fail('has a sum that is none')
    if (
      suffix === '_bucket' &&
      !/^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\+Inf)$/.test(labels.get('le') ?? '')
    )
      fail('has a bucket without a bound')
    if (type === 'summary' && suffix === '') {
      const quantile = Number(labels.get('quantile') ?? NaN)
      if (!(quantile >= 0 && quantile <= 1) || value < 0) fail('has a quantile that is none')
    }
    if (type === 'stateset' && (!labels.has(name) || (value !== 0 && value !== 1)))
      fail('has no state')
    if (type === 'info' && value !== 1) fail('has another value than 1')
  }
  for (const group of groups.values()) {
    checkTimes(group, fail)
    if (type === 'histogram' || type === 'gaugehistogram') checkBuckets(group, fail)
  }
}

function checkTimes(group: readonly Sample[], fail: (what: string) => never): void {
  const times = group.map(({ at }) => at)
  if (new Set(times.map((at) => at === undefined)).size > 1) fail('has some times')
  const bySample = new Map<string, number>()
  for (const { suffix, labels, at } of group) {
    const key = suffix + JSON.stringify(Array.from(labels))
    if (at === undefined && bySample.has(key)) fail('stands twice')
    if (at !== undefined && at < (bySample.get(key) ?? -Infinity)) fail('goes back in time')
    bySample.set(key, at ?? 0)
  }
}

function checkBuckets(group: readonly Sample[], fail: (what: string) => never): void {
  const buckets = group.filter(({ suffix }) => suffix === '_bucket')
  const count = group.find(({ suffix }) => suffix === '_count' || suffix === '_gcount')
  const sum = group.find(({ suffix }) => suffix === '_sum' || suffix === '_gsum')
  const bounds = buckets.map(({ labels }) => numberOf(labels.get('le') ?? ''))
  if (bounds.at(-1) !== Infinity) fail('has no bucket +Inf')
  if (group[0]?.suffix !== '_bucket') fail('does not begin with its buckets')
  const negative = bounds.some((bound) => bound < 0)
  if (sum?.suffix === '_sum' && negative) fail('has a sum of what may be negative')
  if (sum?.suffix === '_gsum' && sum.value < 0 && !negative) fail('has a negative sum')
  if ((count === undefined) !== (sum === undefined)) fail('has a count or a sum alone')
  if (count !== undefined && count.value !== buckets.at(-1)?.value) fail('has a count of its own')
  for (let at = 1; at < buckets.length; at++)
    if (
      (bounds[at] ?? 0) <= (bounds[at - 1] ?? 0) ||
      (buckets[at]?.value ?? 0) < (buckets[at - 1]?.value ?? 0)
    )
      fail('has buckets that do not grow')
}

function labelsOf(text: string | undefined): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const [, name = '', value = ''] of (text ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/gs)) {
    if (labels.has(name)) throw new Error(`Label ${name} stands twice`)
    labels.set(name, value)
  }
  return labels
}

function numberOf(text: string): number {
  return /inf/i.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text)
}
