/**
 * What one round came to: what it was all for, or what is there instead of what it had decided on.
 */
export type Round<Seen, Result> = { readonly done: Result } | { readonly seen: Seen }

/**
 * Decides on what was seen and commits, and begins anew with what others made of it meanwhile: the
 * one loop of everything that changes a store by optimistic commits.
 *
 * @param rounds Rounds before it gives up because others are always faster
 * @param seen What the first round decides on, which may be a guess that its commit checks
 * @param contended Says what holds when it gives up: an answer, or an error that it throws
 */
export async function inRounds<Seen, Result>(
  rounds: number,
  seen: Seen,
  act: (seen: Seen) => Promise<Round<Seen, Result>>,
  contended: () => Result,
): Promise<Result> {
  let latest = seen
  for (let round = 1; round <= rounds; round++) {
    const outcome = await act(latest)
    if ('done' in outcome) return outcome.done
    latest = outcome.seen
  }
  return contended()
}
