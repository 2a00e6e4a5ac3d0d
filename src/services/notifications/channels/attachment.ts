import { decodeBase64 } from '../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { nameFault } from '../addresses/check-line.ts'
import { NotificationError } from '../notification-error.ts'
import type { Attachment } from './email-message.ts'

/** A file to send along: exactly one of `content`, `text` and `base64`. */
export interface AttachmentInput {
  /** 1 to 255 characters. */
  readonly filename: string
  readonly content?: Uint8Array | ArrayBuffer | Blob
  /** Goes as UTF-8. */
  readonly text?: string
  /** The bytes in base64 with padding. */
  readonly base64?: string
  /** Default: by the name's ending for the most common kinds, else `application/octet-stream`. */
  readonly contentType?: string
  /** For an image that the HTML shows in place as `<img src="cid:logo">`. */
  readonly contentId?: string
}

const MOST_FILES = 50
/** All together. Base64 adds a third, and most receivers take no more than 35 MB. */
const MOST_BYTES = 25_000_000

const TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}$/
const CONTENT_ID = /^[A-Za-z0-9._@+-]{1,128}$/

/** The kinds that mails mostly carry. */
const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  gif: 'image/gif',
  ics: 'text/calendar',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  json: 'application/json',
  pdf: 'application/pdf',
  png: 'image/png',
  txt: 'text/plain',
  webp: 'image/webp',
  zip: 'application/zip',
}

/**
 * Reads the files of an e-mail. Their sizes are looked at before anything is copied.
 *
 * @throws NotificationError `invalid_request` when one is malformed, or they are too many or too
 *   large
 */
export async function readAttachments(input: unknown): Promise<readonly Attachment[]> {
  if (!Array.isArray(input)) throw refusal('attachments', 'is no list')
  if (input.length > MOST_FILES)
    throw refusal('attachments', `has ${input.length} files, at most ${MOST_FILES} allowed`)
  const files = input.map((file: unknown, index) => checkFile(`attachments[${index}]`, file))
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (bytes > MOST_BYTES)
    throw refusal('attachments', `has ${bytes} bytes, at most ${MOST_BYTES} allowed`)
  return Promise.all(files.map(({ read }) => read()))
}

interface CheckedFile {
  readonly size: number
  readonly read: () => Promise<Attachment>
}

function checkFile(field: string, file: unknown): CheckedFile {
  if (typeof file !== 'object' || file === null) throw refusal(field, 'is no object')
  const {
    filename,
    content,
    text,
    base64,
    contentType,
    contentId,
  }: Partial<Record<keyof AttachmentInput, unknown>> = file
  const fault = filename === '' ? 'is empty' : nameFault(filename, 255)
  if (typeof filename !== 'string' || fault !== null)
    throw refusal(`${field}.filename`, fault ?? 'is no text')
  const type = contentType ?? TYPES[filename.split('.').at(-1)?.toLowerCase() ?? '']
  const { size, read } = checkSource(field, [content, text, base64])
  const attachment = {
    filename,
    contentType: checkText(`${field}.contentType`, type ?? 'application/octet-stream', TYPE),
    contentId:
      contentId === undefined ? null : checkText(`${field}.contentId`, contentId, CONTENT_ID),
  }
  return { size, read: async () => ({ ...attachment, bytes: await read() }) }
}

function checkSource(
  field: string,
  [content, text, base64]: readonly unknown[],
): { readonly size: number; readonly read: () => Promise<Uint8Array<ArrayBuffer>> } {
  if ([content, text, base64].filter((source) => source !== undefined).length !== 1)
    throw refusal(field, 'has to have exactly one of content, text and base64')
  if (typeof text === 'string') return { size: text.length, read: async () => encodeUtf8(text) }
  if (typeof base64 === 'string') {
    const read = async (): Promise<Uint8Array<ArrayBuffer>> => {
      const bytes = decodeBase64(base64)
      if (bytes === null) throw refusal(`${field}.base64`, 'is no base64 with padding')
      return bytes
    }
    return { size: Math.floor((base64.length * 3) / 4), read }
  }
  // Copies: what was accepted must not change with the caller's buffer.
  if (content instanceof Uint8Array)
    return { size: content.length, read: async () => new Uint8Array(content) }
  if (content instanceof ArrayBuffer)
    return { size: content.byteLength, read: async () => new Uint8Array(content.slice(0)) }
  if (content instanceof Blob)
    return { size: content.size, read: async () => new Uint8Array(await content.arrayBuffer()) }
  throw refusal(field, 'has neither bytes nor text')
}

function checkText(field: string, text: unknown, form: RegExp): string {
  if (typeof text === 'string' && form.test(text)) return text
  throw refusal(field, 'is not written as it should be')
}

function refusal(field: string, fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot send e-mail: ${field} ${fault}`)
}
