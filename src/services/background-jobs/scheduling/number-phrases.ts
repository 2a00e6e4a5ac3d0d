/** `1, 2 and 3`, or with another word for `and`. */
export function listed(items: readonly string[], and = 'and'): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} ${and} ${items.at(-1)}`
}

const MAX_LISTED = 6

/** `day 1`, `days 1 and 15`, `days 1 through 7`, `every 2nd day from 1 through 31`. */
export function numbersOf(unit: string, numbers: readonly number[]): string {
  const [first, last] = [numbers[0], numbers.at(-1)]
  const step = stepOf(numbers)
  if (numbers.length === 1) return `${unit} ${first}`
  if (step === 1 && numbers.length > 2) return `${unit}s ${first} through ${last}`
  if (step !== null && numbers.length > MAX_LISTED)
    return `every ${ordinal(step)} ${unit} from ${first} through ${last}`
  return `${unit}s ${listed(numbers.map(String))}`
}

/**
 * How far apart the numbers are if they are evenly so, otherwise `null`; also for fewer than two.
 */
export function stepOf(numbers: readonly number[]): number | null {
  const [first = 0, second] = numbers
  if (second === undefined) return null
  const step = second - first
  return numbers.every((number, index) => number === first + index * step) ? step : null
}

/** `2nd`, `11th`, `21st`. */
export function ordinal(number: number): string {
  const teen = Math.floor(number / 10) % 10 === 1
  const ending = teen ? undefined : ['th', 'st', 'nd', 'rd'][number % 10]
  return `${number}${ending ?? 'th'}`
}
