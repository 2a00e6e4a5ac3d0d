import { connectSocket } from '@white-cross/reuse/infrastructure/runtime/node'
import { clamd, type VirusScanner } from '@white-cross/reuse/infrastructure/storage/scanning'
import type { SidecarLimits } from '../limits.ts'

/** Where clamd is. */
export interface ClamdAddress {
  readonly host: string
  readonly port: number
}

export function createScanner(
  { host, port }: ClamdAddress,
  limits: SidecarLimits['scan'],
): VirusScanner {
  return clamd({
    host,
    port,
    connect: connectSocket,
    maxBytes: limits.bytes,
    timeout: limits.deadlineMs,
  })
}
