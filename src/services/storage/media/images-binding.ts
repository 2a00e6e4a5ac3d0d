/** What is called of Cloudflare's Images binding. */
export interface ImagesBindingLike {
  input(stream: ReadableStream<Uint8Array>): ImageTransformerLike
}

/** One step after another, then the output. */
export interface ImageTransformerLike {
  transform(transform: ImageTransformLike): ImageTransformerLike
  output(options: {
    readonly format: 'image/jpeg' | 'image/png' | 'image/gif' | 'image/webp' | 'image/avif'
    readonly quality?: number
    readonly background?: string
    readonly anim?: boolean
  }): Promise<ImagesResultLike>
}

/** What came out. */
export interface ImagesResultLike {
  contentType(): string
  image(): ReadableStream<Uint8Array>
}

/** The part of the binding's transformations that is used. */
export interface ImageTransformLike {
  width?: number
  height?: number
  fit?: 'pad' | 'squeeze' | 'cover'
  gravity?:
    | 'left'
    | 'right'
    | 'top'
    | 'bottom'
    | 'center'
    | 'auto'
    | 'entropy'
    | { x?: number; y?: number; mode: 'box-center' }
  background?: string
  rotate?: 90 | 180 | 270
  flip?: 'h' | 'v'
  saturation?: number
  trim?: { left: number; top: number; width: number; height: number }
}
