export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export type { ArchiveLimits } from './archives/inspect-archive.ts'
export { clamd, type ClamdOptions } from './clamd.ts'
export type { ClamdConnect, ClamdSocket } from './clamd-connection.ts'
export { attachmentAv, cloudmersive, type VendorScannerOptions } from './vendor-scanner.ts'
export { ScanError, type ScanErrorCode } from './scan-error.ts'
export type {
  ScanEngine,
  ScanInput,
  ScannedObject,
  ScannerCapabilities,
  ScanOptions,
  ScanVerdict,
  UnscannableReason,
  VirusScanner,
} from './virus-scanner.ts'
