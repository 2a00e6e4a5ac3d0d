import { crc32, deflateRawSync } from 'node:zlib'

/** A file of an archive that {@link makeZip} makes. */
export interface ZipFile {
  readonly name: string
  readonly content: Uint8Array
  /** Default: deflated. */
  readonly stored?: boolean
  /** What the archive says of the content's size instead of the truth. */
  readonly claims?: number
  /** Sets the flag of encryption. */
  readonly encrypted?: boolean
}

/** Makes a ZIP archive, also one that lies. */
export function makeZip(files: readonly ZipFile[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, content, stored = false, claims, encrypted = false } of files) {
    const data = stored ? content : deflateRawSync(content)
    const title = new TextEncoder().encode(name)
    const head = new DataView(new ArrayBuffer(30))
    head.setUint32(0, 0x04034b50, true)
    const common = (view: DataView, at: number): void => {
      view.setUint16(at, 20, true)
      view.setUint16(at + 2, encrypted ? 1 : 0, true)
      view.setUint16(at + 4, stored ? 0 : 8, true)
      view.setUint32(at + 10, crc32(content), true)
      view.setUint32(at + 14, data.length, true)
      view.setUint32(at + 18, claims ?? content.length, true)
      view.setUint16(at + 22, title.length, true)
    }
    common(head, 4)
    const entry = new DataView(new ArrayBuffer(46))
    entry.setUint32(0, 0x02014b50, true)
    common(entry, 6)
    entry.setUint32(42, offset, true)
    parts.push(new Uint8Array(head.buffer), title, data)
    directory.push(new Uint8Array(entry.buffer), title)
    offset += 30 + title.length + data.length
  }
  const size = Buffer.concat(directory).length
  const end = new DataView(new ArrayBuffer(22))
  end.setUint32(0, 0x06054b50, true)
  end.setUint16(8, files.length, true)
  end.setUint16(10, files.length, true)
  end.setUint32(12, size, true)
  end.setUint32(16, offset, true)
  return new Uint8Array(Buffer.concat([...parts, ...directory, new Uint8Array(end.buffer)]))
}
