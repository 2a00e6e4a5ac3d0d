import { checkOptions } from '../../../primitives/check-options.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { MetricFamily, MetricType } from './metric-family.ts'
import type { MetricOptions } from './metrics-options.ts'
import { escapeName } from './name-escaping.ts'

const ACTION = 'create metric'

/**
 * Checks what a metric is to be.
 *
 * @param more Options that this type has besides
 * @throws TypeError when the name, a label, the unit or another option is malformed
 */
export function describeMetric<Options extends MetricOptions>(
  name: string,
  type: MetricType,
  options: Options,
  more: readonly (keyof Options & string)[] = [],
): Omit<MetricFamily, 'series'> {
  checkOptions<Options>(ACTION, options, ['help'], ['labels', 'unit', ...more])
  const { help, labels = [], unit } = options
  // Escaped it is a name for everyone; only what cannot be seen is refused.
  if (typeof name !== 'string' || !/^[^\p{C}\s"]{1,200}$/u.test(name) || utf8Length(name) > 400)
    throw new TypeError(
      `Cannot ${ACTION}: the name is no word of at most 200 characters, as "emails_sent_total" expected`,
    )
  if (typeof help !== 'string')
    throw new TypeError(`Cannot ${ACTION}: help is no text, a sentence expected`)
  checkLabels(labels)
  const own = type === 'counter' ? name.replace(/_total$/, '') : name
  if (unit !== undefined && !(/^\w+$/.test(unit) && own.endsWith(`_${unit}`)))
    throw new TypeError(
      `Cannot ${ACTION}: the name does not end in the unit, "${name}_${unit}" expected`,
    )
  return { name: own, type, help: help.toWellFormed(), unit, labelNames: [...labels] }
}

function checkLabels(labels: readonly string[]): void {
  // `Array.isArray` makes a list of anything of what was read-only.
  const given: unknown = labels
  if (!Array.isArray(given) || given.length > 20)
    throw new TypeError(`Cannot ${ACTION}: labels is no list of at most 20 names, one expected`)
  for (const label of labels)
    if (typeof label !== 'string' || !/^(?!__|(?:le|quantile)$)[^\p{C}\s"]{1,100}$/u.test(label))
      throw new TypeError(
        `Cannot ${ACTION}: label ${JSON.stringify(label)} is no name for one, a word expected`,
      )
  const shown = new Set(labels.map((label) => escapeName(label, 'underscores', 'label')))
  if (shown.size !== labels.length)
    throw new TypeError(`Cannot ${ACTION}: labels has one twice, others expected`)
}

/** @throws RangeError when the bounds do not ascend, or are too many */
export function checkBuckets(buckets: readonly number[]): readonly number[] {
  const given: unknown = buckets
  const ascends =
    Array.isArray(given) &&
    buckets.every((bound, at) => Number.isFinite(bound) && bound > (buckets[at - 1] ?? -Infinity))
  if (ascends && buckets.length >= 1 && buckets.length <= 60) return [...buckets]
  throw new RangeError(`Cannot ${ACTION}: buckets are not 1 to 60 ascending numbers, such expected`)
}
