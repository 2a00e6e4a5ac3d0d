import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command, CommandContext } from '../command.ts'
import { listEntries } from '../list-entries.ts'
import { shownInstant } from '../printable.ts'
import { shownBytes } from '../progress.ts'
import { UsageError } from '../usage-error.ts'

const CHUNK_BYTES = 65_536
/** A gateway ends uploads that stall: how long one may take in all is a matter of its size. */
const MOST_UPLOAD_MS = 86_400_000

/** What of a listed file is shown. */
interface ListedFile {
  readonly key: string
  readonly size: number
  readonly lastModified: number
}

/** Files of the gateway's bucket. */
export const FILE_COMMANDS: readonly Command[] = [
  {
    name: 'files put',
    summary: 'Store a file under a key, by default its name',
    args: ['<path>', '[key]'],
    options: ['content-type'],
    run: putFile,
  },
  {
    name: 'files get',
    summary: 'Read a file: into a path, or to the standard output',
    args: ['<key>', '[path]'],
    options: [],
    run: getFile,
  },
  {
    name: 'files list',
    summary: 'List files by their keys',
    args: [],
    options: ['prefix', 'limit'],
    async run(context) {
      const prefix = context.options.text('prefix')
      return listEntries<unknown, ListedFile>(
        context,
        {
          key: ({ key }) => key,
          size: ({ size }) => shownBytes(size),
          modified: ({ lastModified }) => shownInstant(lastModified),
        },
        (limit) =>
          context.client.files.list(
            { limit, ...(prefix !== undefined && { prefix }) },
            { signal: context.signal },
          ),
      )
    },
  },
]

async function putFile(context: CommandContext): Promise<boolean> {
  const { client, options, output, signal, progress } = context
  const [path = '', key = basename(path)] = context.args
  const contentType = options.text('content-type') ?? 'application/octet-stream'
  const handle = await open(path)
  const line = progress(`Storing ${key}`, 'bytes')
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new UsageError('Cannot store: the path is no file, one expected')
    let sent = 0
    const body = bytesOf(handle, async (bytes) => {
      sent += bytes
      await line.show(sent, stat.size)
    })
    const file = await client.files.put(
      { key, body, contentType },
      { signal, timeoutMs: MOST_UPLOAD_MS },
    )
    await line.end()
    await output.result(file, `${file.key}  ${shownBytes(file.size)}, ${file.contentType}`)
    return true
  } catch (error) {
    await line.end()
    throw error
  } finally {
    await handle.close()
  }
}

/** Reads a file piece by piece, as fast as it is taken. */
function bytesOf(
  handle: FileHandle,
  onRead: (bytes: number) => Promise<void>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(CHUNK_BYTES))
        if (bytesRead === 0) return controller.close()
        await onRead(bytesRead)
        controller.enqueue(buffer.subarray(0, bytesRead))
      },
    },
    { highWaterMark: 0 },
  )
}

async function getFile(context: CommandContext): Promise<boolean> {
  const { client, output, signal } = context
  const [key = '', path] = context.args
  if (path === undefined && output.isJson)
    throw new UsageError('Cannot use --json: the file itself is the output, a path expected')
  const response = await client.files.get({ key }, { signal })
  if (path === undefined) {
    await receive(context, key, response, (chunk) => output.bytes(chunk))
    return true
  }
  // What is cut off must not stand where a whole file is looked for.
  const part = `${path}.part`
  const handle = await open(part, 'w')
  try {
    const size = await receive(context, key, response, async (chunk) => {
      for (let at = 0; at < chunk.length;)
        at += (await handle.write(chunk, at, chunk.length - at)).bytesWritten
    })
    await handle.close()
    await rename(part, path)
    await output.result({ key, path, size }, `${path}  ${shownBytes(size)}`)
    return true
  } catch (error) {
    await handle.close()
    await rm(part, { force: true })
    throw error
  }
}

/** @returns How many bytes came */
async function receive(
  { signal, progress }: CommandContext,
  key: string,
  { body, headers }: Response,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<number> {
  const length = headers.get('content-length')
  const total = length === null || headers.has('content-encoding') ? null : Number(length)
  const line = progress(`Reading ${key}`, 'bytes')
  let received = 0
  const reader = body?.getReader()
  const stop = (): void => void reader?.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      const next = await reader?.read()
      signal.throwIfAborted()
      if (next?.value === undefined) break
      received += next.value.length
      await take(next.value)
      await line.show(received, total)
    }
    if (total !== null && received !== total)
      throw new Error(`Cannot read file: ${received} of ${total} bytes came, all expected`)
    return received
  } finally {
    signal.removeEventListener('abort', stop)
    // What is not wanted any more would keep the connection, and the process with it.
    await reader?.cancel().catch(() => undefined)
    await line.end()
  }
}
