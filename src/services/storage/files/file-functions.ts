import type { BlobBody } from '../blobs/blob-body.ts'
import type {
  BlobContent,
  GetOptions,
  PresignedRequest,
  PresignOptions,
} from '../blobs/blob-store.ts'
import type { ImageOperations } from '../media/image-operations.ts'
import type { ProcessedImage, TranscodedVideo } from '../media/media-processor.ts'
import { configuredStorage } from './configure-storage.ts'
import type {
  FileOptions,
  TranscodeOptions,
  ServeFileOptions,
  UploadedFile,
  UploadOptions,
} from './create-storage.ts'

/**
 * Uploads a file: bytes, text, a Blob, or a stream of any length in constant memory.
 *
 * @example
 * const { key } = await uploadFile(file, 's3', 'avatars')
 * await uploadFile(file, { store: 's3', bucket: 'avatars', key: 'users/42.png' })
 *
 * @throws NotConfiguredError when storage is not configured
 * @throws StorageError
 */
export async function uploadFile(
  file: BlobBody,
  store: string | UploadOptions,
  bucket?: string,
  options: UploadOptions = {},
): Promise<UploadedFile> {
  return configuredStorage('upload file').upload(file, placed(store, bucket, options))
}

/**
 * Downloads a file by its key, wherever it was uploaded to.
 *
 * @example
 * const text = await (await downloadFile(key)).text()
 *
 * @throws StorageError `not_found`, `ambiguous_key`
 */
export async function downloadFile(
  key: string,
  store: string | (FileOptions & GetOptions) = {},
  bucket?: string,
): Promise<BlobContent> {
  return configuredStorage('download file').download(key, placed(store, bucket, {}))
}

/**
 * Deletes a file by its key; none being there is no error. @throws StorageError `ambiguous_key`
 *
 * @example
 * await deleteFile('users/42.png', 's3', 'avatars')
 */
export async function deleteFile(
  key: string,
  store: string | FileOptions = {},
  bucket?: string,
): Promise<void> {
  return configuredStorage('delete file').delete(key, placed(store, bucket, {}))
}

/**
 * Signs a request that may be made without credentials until it expires.
 *
 * @example
 * const { url } = await generatePresignedUrl(key, { expiresIn: '10m' })
 *
 * @throws StorageError `unsupported` where the store cannot presign
 */
export async function generatePresignedUrl(
  key: string,
  options: FileOptions & PresignOptions = {},
): Promise<PresignedRequest> {
  return configuredStorage('presign request').presign(key, options)
}

/**
 * Makes an image of a file, found by its key alone, or of bytes.
 *
 * @example
 * const { bytes } = await resizeImage(key, { width: 800, height: 600 })
 *
 * @throws MediaError `unsupported` when no processor is configured
 */
export async function resizeImage(
  image: string | Uint8Array<ArrayBuffer>,
  options: ImageOperations & FileOptions,
): Promise<ProcessedImage> {
  return configuredStorage('resize image').resizeImage(image, options)
}

/**
 * Transcodes a video into files beside it.
 *
 * @example
 * const { files } = await transcodeVideo(key, { preset: 'mp4-720p', poster: {} })
 *
 * @throws MediaError `unsupported` when no processor is configured that knows videos
 */
export async function transcodeVideo(
  key: string,
  options: TranscodeOptions,
): Promise<TranscodedVideo> {
  return configuredStorage('transcode video').transcodeVideo(key, options)
}

/**
 * Answers a request for a file: conditions, ranges, safe headers; see `serveBlob`.
 *
 * @example
 * return serveFile(request, { key: 'users/42.png', store: 's3', bucket: 'avatars' })
 *
 * @throws StorageError `ambiguous_key`, or what the store fails with
 */
export async function serveFile(request: Request, options: ServeFileOptions): Promise<Response> {
  return configuredStorage('serve file').serve(request, options)
}

function placed<Options extends FileOptions>(
  store: string | Options,
  bucket: string | undefined,
  options: Options | Record<string, never>,
): Options {
  const given = typeof store === 'string' ? { ...options, store } : { ...options, ...store }
  // Only a place was added to what is an `Options` already.
  return (bucket === undefined ? given : { ...given, bucket }) as Options
}
