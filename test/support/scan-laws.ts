import { connectSocket } from '../../src/runtime/platforms/node/connect-socket.ts'
import { clamd } from '../../src/services/storage/scanning/clamd.ts'
import { virusScannerLaws } from '../../src/services/storage/scanning/virus-scanner.conformance.ts'
import type { VirusScanner } from '../../src/services/storage/scanning/virus-scanner.ts'

/** Runs the laws of scanners on the clamd at a port, and prints which are broken. */
const at = (port: number): VirusScanner =>
  clamd({ host: '127.0.0.1', port, connect: connectSocket })
const broken: string[] = []
for (const law of virusScannerLaws)
  await law
    .run({ scanner: at(Number(process.argv[2])), broken: at(1) })
    .catch((error: unknown) => broken.push(`${law.name}: ${String(error)}`))
console.log(JSON.stringify(broken))
