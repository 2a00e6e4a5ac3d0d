import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ImageOperations } from '@white-cross/reuse/infrastructure/storage/media'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { SidecarLimits } from '../limits.ts'
import { runProgram } from '../work/run-program.ts'
import { withScratchFolder } from '../work/scratch-folder.ts'
import type { ApartAnswer, ApartOrder } from './image-process.ts'
import type { MadeImage } from './make-image.ts'
import { openImage } from './open-image.ts'

/** What an SVG of the most pixels needs, and a runtime beside it. */
const MEMORY_MIB = 2048
const HEAP_MIB = 256
const MOST_OUTPUT_BYTES = 65_536

/**
 * Makes an image in a process of its own, under limits of the kernel's, which is killed when it
 * takes too long: a drawing of some hundred bytes may keep the renderer busy for hours, and fill
 * all memory.
 *
 * @throws SidecarError, or the signal's reason
 */
export async function makeImageApart(
  bytes: Uint8Array<ArrayBuffer>,
  operations: ImageOperations,
  limits: SidecarLimits['image'],
  mark: Uint8Array<ArrayBuffer> | null,
  { scratch, signal }: { readonly scratch: string; readonly signal: AbortSignal },
): Promise<MadeImage> {
  // What its header or its text refuses needs no process.
  for (const image of [bytes, ...(mark === null ? [] : [mark])])
    openImage(image, limits, operations.animated ?? true)
  return withScratchFolder(scratch, async (folder) => {
    await writeFile(join(folder, 'input'), bytes)
    if (mark !== null) await writeFile(join(folder, 'mark'), mark)
    const order: ApartOrder = { operations, limits, hasMark: mark !== null }
    const { code, output, complaint } = await runProgram({
      program: process.execPath,
      args: [`--max-old-space-size=${HEAP_MIB}`, ...entry(), JSON.stringify(order)],
      cwd: folder,
      deadlineMs: limits.deadlineMs,
      signal,
      maxOutputBytes: MOST_OUTPUT_BYTES,
      limits: {
        cpuSeconds: Math.ceil(limits.deadlineMs / 1000) + 1,
        memoryMiB: MEMORY_MIB,
        fileBytes: 2 * limits.outputBytes,
      },
    })
    if (code !== 0)
      throw new SidecarError('limit_exceeded', 'Cannot work on image: it needs more than allowed', {
        cause: new Error(complaint),
      })
    // Written by a process of ours.
    const answer = JSON.parse(output) as ApartAnswer
    if ('error' in answer) throw new SidecarError(answer.error.code, answer.error.message)
    return { ...answer.made, bytes: new Uint8Array(await readFile(join(folder, 'made'))) }
  })
}

/** What Node is started with: the source, or what was bundled beside this. */
function entry(): readonly string[] {
  const isSource = import.meta.url.endsWith('.ts')
  const url = new URL(isSource ? './image-process.ts' : './image-process.js', import.meta.url)
  const path = fileURLToPath(url)
  return isSource ? ['--conditions=white-cross-source', path] : [path]
}
