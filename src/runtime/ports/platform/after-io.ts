/** Calls `act` once a turn of the event loop is over. */
export type AfterIo = (act: () => void) => void

/**
 * Node, Deno and Bun hand out what arrived in one turn one by one, each with all its promises, and
 * do what `setImmediate` was given after all of it: a hundred answers from the network then wait
 * for the disk once. Elsewhere at once.
 */
export const platformAfterIo: AfterIo = (act) => {
  const { setImmediate } = globalThis as { readonly setImmediate?: AfterIo }
  if (setImmediate === undefined) act()
  else setImmediate(act)
}
