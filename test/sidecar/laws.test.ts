import { afterAll, beforeAll, describe, test } from 'vitest'
import { connectSocket } from '@white-cross/reuse/infrastructure/runtime/node'
import { clamd, type VirusScanner } from '@white-cross/reuse/infrastructure/storage/scanning'
import { sidecar } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { mediaProcessorLaws } from '../../src/services/storage/media/media-processor.conformance.ts'
import { virusScannerLaws } from '../../src/services/storage/scanning/virus-scanner.conformance.ts'
import { startClamd, type Clamd } from '../support/clamd.ts'
import { hasProgram } from '../support/has-program.ts'
import { SIDECAR_KEY, useSidecar } from '../support/sidecar.ts'

const scannerAt = (port: number): VirusScanner =>
  clamd({ host: '127.0.0.1', port, connect: connectSocket })

describe('media processors: the sidecar', () => {
  let used: Awaited<ReturnType<typeof useSidecar>>
  beforeAll(async () => {
    used = await useSidecar()
  })
  afterAll(() => used.server.stop(0))
  test.for(mediaProcessorLaws)('$name', (law) => law.run({ media: used.client }))
})

describe.skipIf(!hasProgram('clamd'))('virus scanners, where clamd is installed', () => {
  let daemon: Clamd
  let used: Awaited<ReturnType<typeof useSidecar>>
  beforeAll(async () => {
    daemon = await startClamd()
    used = await useSidecar({}, { scanner: scannerAt(daemon.port) })
  })
  afterAll(async () => {
    await used.server.stop(0)
    await daemon.stop()
  })
  test.for(virusScannerLaws)('clamd: $name', (law) =>
    law.run({ scanner: scannerAt(daemon.port), broken: scannerAt(1) }),
  )
  test.for(virusScannerLaws)('the sidecar: $name', (law) =>
    law.run({
      scanner: used.client,
      broken: sidecar({ url: 'http://127.0.0.1:1', ...SIDECAR_KEY }),
    }),
  )
})
