/** Lets the event loop come round once, so that answers can come in; where it can be had, without a timer's millisecond. */
export function nextTurn(): Promise<void> {
  const { setImmediate: soon = setTimeout } = globalThis as {
    setImmediate?: (wake: () => void) => unknown
  }
  return new Promise((resolve) => void soon(resolve))
}
