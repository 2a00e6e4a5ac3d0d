// Any arguments and any result: a parameter list of its own would refuse narrower methods.
// oxlint-disable-next-line typescript/no-explicit-any
type AsyncMethods<Methods> = { readonly [Name in keyof Methods]: (...args: any[]) => Promise<any> }

/**
 * An object of asynchronous methods whose code is loaded with the first call of any of them.
 *
 * @param names Every method of `Methods`
 * @param load Makes the object; called again with the next call after it has failed
 */
export function lateMethods<Methods extends AsyncMethods<Methods>>(
  names: { readonly [Name in keyof Methods]: true },
  load: () => Promise<Methods>,
): Methods {
  const loaded = keepLoaded(load)
  const methods = Object.keys(names).map((name) => [
    name,
    async (...args: unknown[]): Promise<unknown> =>
      (await loaded())[name as keyof Methods](...args),
  ])
  // One for each name of `Methods`, calling the one of that name.
  return Object.fromEntries(methods) as Methods
}

/**
 * Keeps what was loaded, not the promise of it: on Workers a promise of one request must not be
 * awaited in another.
 *
 * @returns Loads with the first call; calls beside the first may load too, and get what it got
 */
export function keepLoaded<Loaded extends object>(
  load: () => Promise<Loaded>,
): () => Promise<Loaded> {
  let kept: Loaded | undefined
  return async () => {
    if (kept !== undefined) return kept
    const loaded = await load()
    return (kept ??= loaded)
  }
}
