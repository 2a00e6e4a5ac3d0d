import type { UnreliableProcess } from './unreliable-process.ts'

const PAUSE_MS = 1000

/** Asks until it is answered, as a caller does who must not lose anything. */
export async function insist(
  client: Pick<UnreliableProcess, 'wait'>,
  act: () => Promise<unknown>,
): Promise<void> {
  for (let answered = false; !answered;) {
    answered = await act().then(
      () => true,
      () => false,
    )
    if (!answered) await client.wait(PAUSE_MS)
  }
}
