export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
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
