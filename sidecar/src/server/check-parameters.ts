import { z } from 'zod'
import { SIDECAR_PATHS, SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'

const text = z.string().min(1).max(1024)
const storeName = z.string().min(1).max(64)
const place = { store: storeName, bucket: z.string().min(1).max(255), key: text }
const stored = z.strictObject({ ...place, etag: z.exactOptional(text) })
const input = z.union([z.strictObject({ body: z.literal(true) }), z.strictObject({ stored })])
const workId = z.string().regex(/^[\w.:-]{1,128}$/)

const POSITIONS = [
  'center',
  'top',
  'right',
  'bottom',
  'left',
  'top-left',
  'top-right',
  'bottom-left',
  'bottom-right',
] as const
const pixels = z.int().min(1).max(16_384)
const share = z.number().gt(0).max(1)

const imageOperations = z.strictObject({
  width: z.exactOptional(pixels),
  height: z.exactOptional(pixels),
  fit: z.exactOptional(z.enum(['cover', 'contain', 'inside', 'outside', 'fill'])),
  enlarge: z.exactOptional(z.boolean()),
  position: z.exactOptional(z.enum([...POSITIONS, 'attention', 'entropy'])),
  crop: z.exactOptional(
    z.strictObject({
      left: z.int().min(0).max(100_000),
      top: z.int().min(0).max(100_000),
      width: z.int().min(1).max(100_000),
      height: z.int().min(1).max(100_000),
    }),
  ),
  rotate: z.exactOptional(z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)])),
  flip: z.exactOptional(z.enum(['horizontal', 'vertical'])),
  background: z.exactOptional(z.string().regex(/^#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i)),
  format: z.exactOptional(z.enum(['jpeg', 'png', 'webp', 'avif', 'gif'])),
  quality: z.exactOptional(z.int().min(1).max(100)),
  blur: z.exactOptional(z.number().min(0.3).max(250)),
  sharpen: z.exactOptional(z.number().min(0.3).max(10)),
  grayscale: z.exactOptional(z.boolean()),
  watermark: z.exactOptional(
    z.strictObject({
      image: z.strictObject(place),
      position: z.exactOptional(z.enum(POSITIONS)),
      scale: z.exactOptional(share),
      opacity: z.exactOptional(share),
      margin: z.exactOptional(z.int().min(0).max(16_384)),
    }),
  ),
  metadata: z.exactOptional(z.enum(['strip', 'icc'])),
  orient: z.exactOptional(z.boolean()),
  animated: z.exactOptional(z.boolean()),
})

const seconds = z.number().min(0).max(1_000_000)

const videoOperations = z.strictObject({
  preset: z.enum([
    'mp4-1080p',
    'mp4-720p',
    'mp4-480p',
    'webm-1080p',
    'webm-720p',
    'hls',
    'audio-m4a',
  ]),
  renditions: z.exactOptional(z.array(z.int().min(144).max(2160)).min(1).max(6)),
  segmentSeconds: z.exactOptional(z.number().min(2).max(20)),
  poster: z.exactOptional(
    z.strictObject({
      at: z.exactOptional(z.union([seconds, z.templateLiteral([z.number().min(0).max(100), '%'])])),
      width: z.exactOptional(z.int().min(16).max(3840)),
      format: z.exactOptional(z.enum(['jpeg', 'png', 'webp'])),
    }),
  ),
  trim: z.exactOptional(
    z.strictObject({
      start: z.exactOptional(seconds),
      seconds: z.exactOptional(z.number().gt(0).max(1_000_000)),
    }),
  ),
  mute: z.exactOptional(z.boolean()),
})

const SCHEMAS = {
  [SIDECAR_PATHS.capabilities]: z.strictObject({}),
  [SIDECAR_PATHS.imageInfo]: z.strictObject({ input }),
  [SIDECAR_PATHS.image]: z.strictObject({ input, operations: imageOperations }),
  [SIDECAR_PATHS.videoInfo]: z.strictObject({ input }),
  [SIDECAR_PATHS.video]: z.strictObject({
    id: workId,
    input: z.strictObject({ stored }),
    operations: videoOperations,
    output: z.strictObject({
      store: storeName,
      bucket: place.bucket,
      prefix: z.string().min(1).max(900),
    }),
    detachMs: z.int().min(0).max(3_600_000),
  }),
  [SIDECAR_PATHS.videoCancel]: z.strictObject({ id: workId }),
  [SIDECAR_PATHS.scan]: z.strictObject({ input }),
} as const

/** Where what is worked on comes from. */
export type InputParameter = z.infer<typeof input>
/** An object in a store. */
export type StoredParameter = z.infer<typeof stored>
/** What {@link checkParameters} gives for each path. */
export type Parameters<Path extends keyof typeof SCHEMAS> = z.infer<(typeof SCHEMAS)[Path]>

/**
 * Checks what was signed: a member that is not known is refused, as one out of range is.
 *
 * @throws SidecarError `invalid_operation`, which names the member and never its value
 */
export function checkParameters<Path extends keyof typeof SCHEMAS>(
  path: Path,
  parameters: unknown,
): Parameters<Path> {
  const result = SCHEMAS[path].safeParse(parameters)
  // The schema of a path gives the parameters of that path.
  if (result.success) return result.data as Parameters<Path>
  const [issue] = result.error.issues
  const where = issue?.path.map(String).join('.') ?? ''
  const names = issue?.code === 'unrecognized_keys' ? 'has a member that is not known' : 'is wrong'
  throw new SidecarError(
    'invalid_operation',
    `Cannot accept request: ${where === '' ? 'its parameters' : where} ${where === '' && names === 'is wrong' ? 'are wrong' : names}`,
  )
}
