import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Gives `work` a folder of its own, gone when it ends. @param parent Where it is made */
export async function withScratchFolder<Result>(
  parent: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(parent, 'reuse-sidecar-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
