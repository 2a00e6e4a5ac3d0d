import { z } from 'zod'
import {
  checkImageOperations,
  MediaError,
  type ImageOperations,
} from '@white-cross/reuse/infrastructure/storage/media'
import { SIDECAR_PATHS, SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'

const text = z.string().min(1).max(1024)
const storeName = z.string().min(1).max(64)
const place = { store: storeName, bucket: z.string().min(1).max(255), key: text }
const stored = z.strictObject({ ...place, etag: z.exactOptional(text) })
const input = z.union([z.strictObject({ body: z.literal(true) }), z.strictObject({ stored })])
const workId = z.string().regex(/^[\w.:-]{1,128}$/)

const imageOperations = z
  .looseObject({ watermark: z.exactOptional(z.looseObject({ image: z.strictObject(place) })) })
  // The library checks the rest, and refuses what is none of an image's operations.
  .transform((given) => checkImageOperations('accept request', given as ImageOperations))

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
  const result = safelyParsed(path, parameters)
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

function safelyParsed(path: keyof typeof SCHEMAS, parameters: unknown) {
  try {
    return SCHEMAS[path].safeParse(parameters)
  } catch (error) {
    if (error instanceof MediaError)
      throw new SidecarError('invalid_operation', error.message, { cause: error })
    throw error
  }
}
