/**
 * Calls what a user gave to hear of something, sync or async: what it throws or rejects with
 * changes nothing for its caller.
 *
 * @param onFault Hears of that. What it throws itself is dropped. Default: dropped
 */
export function callQuietly(call: () => unknown, onFault?: (fault: unknown) => void): void {
  const fail = (fault: unknown): void => {
    try {
      onFault?.(fault)
    } catch {
      // There is nobody left to tell.
    }
  }
  try {
    const result = call()
    // Only what may be a promise costs one.
    if (typeof result === 'object' && result !== null) Promise.resolve(result).catch(fail)
  } catch (fault) {
    fail(fault)
  }
}
