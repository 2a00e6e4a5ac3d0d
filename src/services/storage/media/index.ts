export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export type {
  ImageArea,
  ImageFit,
  ImageFormat,
  ImageOperations,
  ImagePosition,
  ImageWatermark,
} from './image-operations.ts'
export { checkImageOperations } from './check-image-operations.ts'
export { cloudflareImages, type CloudflareImagesOptions } from './cloudflare-images.ts'
export type {
  ImagesBindingLike,
  ImagesResultLike,
  ImageTransformerLike,
  ImageTransformLike,
} from './images-binding.ts'
export { planImageSize, type ImageSize } from './plan-size.ts'
export { readImageInfo } from './facts/read-image-info.ts'
export { MediaError, type MediaErrorCode } from './media-error.ts'
export type {
  ImageInfo,
  MediaCallOptions,
  MediaCapabilities,
  MediaFolder,
  MediaInput,
  MediaProcessor,
  ProcessedImage,
  StoredMedia,
  TranscodedFile,
  TranscodedVideo,
  VideoCallOptions,
  VideoInfo,
  VideoProgress,
} from './media-processor.ts'
export type { VideoOperations, VideoPoster, VideoPresetName } from './video-operations.ts'
