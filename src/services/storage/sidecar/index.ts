export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export {
  SIDECAR_ERRORS,
  SIDECAR_HEADERS,
  SIDECAR_LIMITS,
  SIDECAR_PATHS,
  type SidecarAnswers,
  type SidecarCapabilities,
  type SidecarErrorCode,
  type SidecarFailure,
  type SidecarImageResult,
  type SidecarInput,
  type SidecarParameters,
  type SidecarVideoEvent,
} from './sidecar-protocol.ts'
export { SidecarError } from './sidecar-error.ts'
export {
  checkSidecarKey,
  checkSidecarRequest,
  signSidecarAnswer,
  signSidecarRequest,
  verifySidecarAnswer,
  type CheckSidecarOptions,
  type ReceivedSidecarRequest,
  type SidecarAnswer,
  type SidecarKey,
  type SignedSidecarRequest,
  type SignSidecarOptions,
  type UnsignedSidecarRequest,
} from './sidecar-signature.ts'
export { sidecar, type Sidecar, type SidecarOptions } from './sidecar.ts'
export { MediaError, type MediaErrorCode } from '../media/media-error.ts'
export { ScanError, type ScanErrorCode } from '../scanning/scan-error.ts'
