/** In workerd every timer takes a millisecond, `setImmediate` too. */
const SLOW_TIMERS = navigator.userAgent === 'Cloudflare-Workers'

/**
 * Lets the event loop come round once.
 *
 * @param waiting Whether an answer from outside is awaited; where not, the turn is quick everywhere
 */
export function nextTurn(waiting: boolean): Promise<void> {
  if (SLOW_TIMERS && !waiting) return messageTurn()
  const { setImmediate: soon = setTimeout } = globalThis as {
    setImmediate?: (wake: () => void) => unknown
  }
  return new Promise((resolve) => void soon(resolve))
}

function messageTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
