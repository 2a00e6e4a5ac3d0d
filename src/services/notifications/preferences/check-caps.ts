import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { isChannel } from '../channels/channel.ts'
import { checkCategory } from '../suppression/check-category.ts'
import type { CheckedCap, FrequencyCap } from './frequency-caps.ts'

const DAY_MS = 86_400_000
const MOST_CAPS = 20

/** @throws RangeError when a cap is out of range */
export function checkCaps(caps: readonly FrequencyCap[]): readonly CheckedCap[] {
  checkInteger('create notifications', 'the number of caps', caps.length, 0, MOST_CAPS)
  return caps.map((cap) => {
    checkOptions('create notifications', cap, ['limit', 'window'], ['category', 'channel'])
    const { limit, window, category, channel } = cap
    if (category !== undefined) checkCategory(category)
    if (channel !== undefined && !isChannel(channel))
      throw new RangeError('Cannot create notifications: the channel of a cap is none')
    const windowMs = checkDuration('create notifications', 'caps.window', window, 1000, 90 * DAY_MS)
    return {
      // Another window is another count; another limit goes on with the same.
      key: `cap/${category ?? '*'}/${channel ?? '*'}/${windowMs}`,
      limit: checkInteger('create notifications', 'caps.limit', limit, 1, 1000),
      windowMs,
      category: category ?? null,
      channel: channel ?? null,
    }
  })
}
