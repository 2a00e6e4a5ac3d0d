export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export {
  SIDECAR_ERRORS,
  SIDECAR_HEADERS,
  SIDECAR_LIMITS,
  type SidecarErrorCode,
  type SidecarFailure,
} from '../../../runtime/sidecar/sidecar-wire.ts'
export {
  SIDECAR_PATHS,
  type SidecarAnswers,
  type SidecarCapabilities,
  type SidecarImageResult,
  type SidecarInput,
  type SidecarParameters,
  type SidecarVideoEvent,
} from './sidecar-protocol.ts'
export { SidecarError } from '../../../runtime/sidecar/sidecar-error.ts'
export {
  createSidecarCaller,
  type SidecarCall,
  type SidecarCaller,
  type SidecarConnection,
  type SidecarReply,
} from '../../../runtime/sidecar/sidecar-caller.ts'
export {
  checkSidecarKey,
  checkSidecarRequest,
  signSidecarAnswer,
  signSidecarEvent,
  signSidecarRequest,
  verifySidecarAnswer,
  verifySidecarEvent,
  type CheckSidecarOptions,
  type ReceivedSidecarRequest,
  type SidecarAnswer,
  type SidecarEvent,
  type SidecarKey,
  type SignedSidecarRequest,
  type SignSidecarOptions,
  type UnsignedSidecarRequest,
} from '../../../runtime/sidecar/sidecar-signature.ts'
export { sidecar, type Sidecar, type SidecarOptions } from './sidecar.ts'
export {
  MAIL_PATH,
  type RelayedMail,
  type RelayOutcome,
  type RelayStep,
} from '../../../runtime/sidecar/relayed-mail.ts'
export { MediaError, type MediaErrorCode } from '../media/media-error.ts'
export { ScanError, type ScanErrorCode } from '../scanning/scan-error.ts'
