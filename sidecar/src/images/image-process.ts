import { readFile, writeFile } from 'node:fs/promises'
import type { ImageOperations } from '@white-cross/reuse/infrastructure/storage/media'
import type { SidecarErrorCode } from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { SidecarLimits } from '../limits.ts'
import { imageFailure } from './image-failure.ts'
import { makeImage, type MadeImage } from './make-image.ts'

/** What the process is told, as its argument; the images lie in its folder. */
export interface ApartOrder {
  readonly operations: ImageOperations
  readonly limits: SidecarLimits['image']
  readonly hasMark: boolean
}

/** What the process says; the image lies in its folder. */
export type ApartAnswer =
  | { readonly made: Omit<MadeImage, 'bytes'> }
  | { readonly error: { readonly code: SidecarErrorCode; readonly message: string } }

// Node's own command line: this file is run, and nobody imports more than types of it.
const { operations, limits, hasMark } = JSON.parse(process.argv.at(-1) ?? '') as ApartOrder

async function read(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(name))
}

async function make(): Promise<ApartAnswer> {
  const mark = hasMark ? await read('mark') : null
  const { bytes, ...made } = await makeImage(await read('input'), operations, limits, mark)
  await writeFile('made', bytes)
  return { made }
}

const answer = await make().catch((error: unknown): ApartAnswer => {
  const { code, message } = imageFailure(error)
  return { error: { code, message } }
})
console.log(JSON.stringify(answer))
