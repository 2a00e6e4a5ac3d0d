import { utf8Length } from '../../../primitives/utf8.ts'

/** `JOB_LIMITS.tags`. */
const MOST_TAGS = 8
/** `JOB_LIMITS.tagBytes`. */
const TAG_BYTES = 64

/**
 * @param action What cannot be done with another one, as in `add job`
 * @throws TypeError when it is no text; RangeError when it is empty, longer than 64 UTF-8 bytes, or
 *   has control characters or half a surrogate pair
 */
export function checkTag(action: string, tag: unknown): string {
  if (typeof tag !== 'string')
    throw new TypeError(`Cannot ${action}: a tag is of type ${typeof tag}, text expected`)
  if (!tag.isWellFormed())
    throw new RangeError(
      `Cannot ${action}: a tag holds half a surrogate pair, well-formed text expected`,
    )
  if (/\p{Cc}/u.test(tag))
    throw new RangeError(`Cannot ${action}: a tag holds a control character, none expected`)
  // Before its bytes are counted: it may be of any length.
  const bytes = tag.length > TAG_BYTES ? tag.length : utf8Length(tag)
  if (bytes >= 1 && bytes <= TAG_BYTES) return tag
  throw new RangeError(`Cannot ${action}: a tag has ${bytes} bytes, 1 to ${TAG_BYTES} allowed`)
}

/**
 * @param action What cannot be done with others, as in `add job`
 * @returns A copy
 * @throws TypeError when they are no list; RangeError when they are too many or one is there twice;
 *   as {@link checkTag}
 */
export function checkTags(action: string, tags: unknown): readonly string[] {
  if (!Array.isArray(tags))
    throw new TypeError(`Cannot ${action}: tags are of type ${typeof tags}, a list expected`)
  if (tags.length > MOST_TAGS)
    throw new RangeError(
      `Cannot ${action}: there are ${tags.length} tags, at most ${MOST_TAGS} allowed`,
    )
  // A hole of a list is no text either.
  const copy = Array.from(tags, (tag) => checkTag(action, tag))
  if (new Set(copy).size === copy.length) return copy
  throw new RangeError(`Cannot ${action}: a tag is given twice, each once expected`)
}
