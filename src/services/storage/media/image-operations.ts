/** Image formats that can be written. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif'

/**
 * How an image meets the box of `width` and `height`. `cover`: fills it, what stands over is cut
 * off. `contain`: lies within it, `background` fills the rest. `inside`: as large as fits within
 * it. `outside`: as small as covers it. `fill`: is stretched to it.
 */
export type ImageFit = 'cover' | 'contain' | 'inside' | 'outside' | 'fill'

/** Which part of an image stays where it is cut, or where a watermark goes. */
export type ImagePosition =
  | 'center'
  | 'top'
  | 'right'
  | 'bottom'
  | 'left'
  | 'top-left'
  | 'top-right'
  | 'bottom-left'
  | 'bottom-right'

/**
 * What is done to an image, in this order: orientation, `crop`, `rotate` and `flip`, resizing,
 * colour and sharpness, `watermark`, encoding. Without any it is turned upright and freed of its
 * metadata.
 */
export interface ImageOperations {
  /** Pixels, 1 to 16,384. With only one of the two the other follows from the image's shape. */
  readonly width?: number
  readonly height?: number
  /** Default `cover`. */
  readonly fit?: ImageFit
  /** Whether a smaller image is enlarged to the size asked for. Default true. */
  readonly enlarge?: boolean
  /**
   * Which part stays where `fit` cuts; the last two look for what draws the eye. Default `center`.
   */
  readonly position?: ImagePosition | 'attention' | 'entropy'
  /** What is kept, in pixels of the upright image. Default: all of it. */
  readonly crop?: ImageArea
  /** Degrees clockwise. Default 0. */
  readonly rotate?: 0 | 90 | 180 | 270
  /** Default: none. */
  readonly flip?: 'horizontal' | 'vertical'
  /**
   * `#rgb`, `#rrggbb` or `#rrggbbaa`; what transparency becomes in formats without it. Default
   * white.
   */
  readonly background?: string
  /** Default: the input's, or `png` where that cannot be written. */
  readonly format?: ImageFormat
  /** 1 to 100. Default: the processor's for the format, about 80. */
  readonly quality?: number
  /** Gaussian blur: sigma, 0.3 to 250. */
  readonly blur?: number
  /** Sharpening: sigma, 0.3 to 10. */
  readonly sharpen?: number
  readonly grayscale?: boolean
  readonly watermark?: ImageWatermark
  /**
   * `strip` drops EXIF with its place and serial numbers; `icc` keeps the colour profile. Default
   * `strip`.
   */
  readonly metadata?: 'strip' | 'icc'
  /** Whether EXIF orientation is applied. Default true: it would be lost with the rest of EXIF. */
  readonly orient?: boolean
  /** Whether all frames of an animation stay, where the format can hold them. Default true. */
  readonly animated?: boolean
}

/** A rectangle of whole pixels. */
export interface ImageArea {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** An image laid over another one. */
export interface ImageWatermark {
  /** Where it lies. The processor must be able to read that store. */
  readonly image: { readonly store: string; readonly bucket: string; readonly key: string }
  /** Default `bottom-right`. */
  readonly position?: ImagePosition
  /** Width as a share of the image's, above 0 to 1. Default 0.2. */
  readonly scale?: number
  /** Above 0 to 1. Default 1. */
  readonly opacity?: number
  /** Distance from the edges in pixels. Default 16. */
  readonly margin?: number
}
