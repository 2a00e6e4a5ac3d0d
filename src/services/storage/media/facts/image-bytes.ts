/** What a reader of one format finds, before orientation is applied. */
export interface FoundImage {
  readonly width: number
  readonly height: number
  /** Default 1. */
  readonly frames?: number
  readonly hasAlpha: boolean
  /** EXIF orientation. Default 1. */
  readonly orientation?: number
}

/** Bytes of an image, read with their bounds checked: what lies beyond them throws RangeError. */
export class ImageBytes {
  readonly #view: DataView

  constructor(view: DataView) {
    this.#view = view
  }

  get length(): number {
    return this.#view.byteLength
  }

  u8(at: number): number {
    return this.#view.getUint8(at)
  }

  u16(at: number, little = false): number {
    return this.#view.getUint16(at, little)
  }

  u24(at: number, little = false): number {
    const [a, b, c] = [this.u8(at), this.u8(at + 1), this.u8(at + 2)]
    return little ? a | (b << 8) | (c << 16) : (a << 16) | (b << 8) | c
  }

  u32(at: number, little = false): number {
    return this.#view.getUint32(at, little)
  }

  i32(at: number, little = false): number {
    return this.#view.getInt32(at, little)
  }

  /** ASCII, one character a byte. */
  text(at: number, length: number): string {
    let text = ''
    for (let index = at; index < at + length; index++) text += String.fromCharCode(this.u8(index))
    return text
  }

  /** Whether `text` stands at `at`; false also where the bytes end before. */
  has(at: number, text: string): boolean {
    return at + text.length <= this.length && this.text(at, text.length) === text
  }

  part(at: number, length: number): ImageBytes {
    const { buffer, byteOffset, byteLength } = this.#view
    if (at < 0 || length < 0 || at + length > byteLength) throw new RangeError('Beyond the bytes')
    return new ImageBytes(new DataView(buffer, byteOffset + at, length))
  }
}
