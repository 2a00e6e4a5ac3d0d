import { existsSync, openAsBlob, readFileSync, writeFileSync } from 'node:fs'
import { StorageError } from '@white-cross/reuse/infrastructure/storage'
import { openStorage, type Places } from './open-storage.ts'

/**
 * Uploads a file piece by piece, in a process that may be killed: it remembers nothing but the
 * upload's id, and asks where to go on.
 */
const [places = '', path = '', key = '', memory = ''] = process.argv.slice(2)
// What the demo hands over.
const { uploads, backend } = openStorage(JSON.parse(places) as Places)
const PIECE_BYTES = 5 * 1024 * 1024
const WAIT_MS = 250

const file = await openAsBlob(path)
if (!existsSync(memory)) {
  const { id } = await uploads.create({ key, size: file.size, contentType: 'video/mp4' })
  writeFileSync(memory, id)
}
const id = readFileSync(memory, 'utf8')
let offset = (await uploads.get(id))?.offset ?? 0
console.log(offset)
while (offset < file.size)
  try {
    const body = file.slice(offset, offset + PIECE_BYTES)
    const session = await uploads.append(id, { offset, body })
    offset = session.offset
    console.log(offset)
  } catch (error) {
    // The killed process still has it, for a second.
    if (!(error instanceof StorageError && error.code === 'upload_locked')) throw error
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  }
backend.close()
