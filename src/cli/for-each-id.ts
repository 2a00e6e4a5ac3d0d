import { GatewayError } from '../client/index.ts'
import type { CommandContext } from './command.ts'
import type { ProgressUnit } from './progress.ts'

/**
 * Does the same to one after the other; one that is refused does not keep the others from it.
 *
 * @param act Says what came of it: the result, its sentence, and whether it was done
 * @returns Whether all were done
 */
export async function forEachId(
  { output, signal, progress }: CommandContext,
  ids: readonly string[],
  [title, unit]: readonly [title: string, unit: ProgressUnit],
  act: (id: string) => Promise<readonly [value: object, text: string, done: boolean]>,
): Promise<boolean> {
  const line = progress(title, unit)
  let isDone = true
  for (const [index, id] of ids.entries()) {
    signal.throwIfAborted()
    if (ids.length > 1) await line.show(index, ids.length)
    const outcome = await act(id).catch((error: unknown) => {
      if (error instanceof GatewayError && isOfOne(error)) return error
      throw error
    })
    if (ids.length > 1) await line.end()
    if (outcome instanceof GatewayError) {
      const { code, message, requestId } = outcome
      await output.result(
        { id, error: { code, message, requestId } },
        `${id}  ${message} (${code})`,
      )
      isDone = false
    } else {
      await output.result(outcome[0], outcome[1])
      isDone &&= outcome[2]
    }
  }
  return isDone
}

/** A refusal of this one: the next may fare otherwise. */
function isOfOne({ status }: GatewayError): boolean {
  return status === 404 || status === 409 || status === 410 || status === 422
}
