const MAX_TYPE_CHARACTERS = 128
const TYPE = /^[\w-]+(\.[\w-]+)*$/
const PATTERN = /^([\w-]+|\*)(\.([\w-]+|\*))*$/

/**
 * Whether `type` is an event type: words of `A–Z a–z 0–9 _ -` with dots between, 1 to 128
 * characters.
 */
export function isEventType(type: string): boolean {
  return type.length <= MAX_TYPE_CHARACTERS && TYPE.test(type)
}

/** Whether `pattern` is an event type in which `*` may stand for a word. */
export function isEventPattern(pattern: string): boolean {
  return pattern.length <= MAX_TYPE_CHARACTERS && PATTERN.test(pattern)
}

/**
 * Matches an event type: `*` stands for one word, as the last word for one or more. So `*` matches
 * everything, `order.*` matches `order.paid` and `order.item.added` but not `order`, `*.failed`
 * matches `payment.failed`.
 */
export function matchesEventPattern(pattern: string, type: string): boolean {
  const wanted = pattern.split('.')
  const words = type.split('.')
  if (wanted.at(-1) === '*' ? words.length < wanted.length : words.length !== wanted.length)
    return false
  return wanted.every((word, index) => word === '*' || word === words[index])
}
