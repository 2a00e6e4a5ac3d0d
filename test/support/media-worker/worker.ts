import { connect } from 'cloudflare:sockets'
import { cloudflareImages } from '../../../src/services/storage/media/cloudflare-images.ts'
import type { ImageOperations } from '../../../src/services/storage/media/image-operations.ts'
import type { ImagesBindingLike } from '../../../src/services/storage/media/images-binding.ts'
import { mediaProcessorLaws } from '../../../src/services/storage/media/media-processor.conformance.ts'
import { clamd } from '../../../src/services/storage/scanning/clamd.ts'
import type { VirusScanner } from '../../../src/services/storage/scanning/virus-scanner.ts'
import { virusScannerLaws } from '../../../src/services/storage/scanning/virus-scanner.conformance.ts'
import { MediaError } from '../../../src/services/storage/media/media-error.ts'

/** Runs the laws of scanners on a clamd, over a socket of Workers. */
async function brokenScanLaws(port: number): Promise<readonly string[]> {
  const at = (number: number): VirusScanner =>
    clamd({ host: '127.0.0.1', port: number, connect, timeout: '10s' })
  const broken: string[] = []
  for (const law of virusScannerLaws)
    await law
      .run({ scanner: at(port), broken: at(1) })
      .catch((error: unknown) => broken.push(`${law.name}: ${String(error)}`))
  return broken
}

/** Makes an image of the body as the `operations` header says, or runs the laws at `/laws`. */
export default {
  async fetch(request: Request, env: { readonly IMAGES: ImagesBindingLike }): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/scan-laws')
      return Response.json(await brokenScanLaws(Number(searchParams.get('port'))))
    if (pathname === '/laws') return Response.json(await brokenLaws(env.IMAGES))
    const operations = JSON.parse(request.headers.get('operations') ?? '{}') as ImageOperations
    try {
      const input = new Uint8Array(await request.arrayBuffer())
      const { bytes, contentType } = await cloudflareImages(env.IMAGES).image(input, operations)
      return new Response(bytes, { headers: { 'content-type': contentType } })
    } catch (error) {
      if (!(error instanceof MediaError)) throw error
      return Response.json({ code: error.code }, { status: error.status })
    }
  },
}

async function brokenLaws(images: ImagesBindingLike): Promise<readonly string[]> {
  const real = cloudflareImages(images)
  // The local binding writes no GIF, and says so.
  const formats = real.capabilities.formats.filter((format) => format !== 'gif')
  const media = { ...real, capabilities: { ...real.capabilities, formats } }
  const broken: string[] = []
  for (const law of mediaProcessorLaws)
    await law.run({ media }).catch((error: unknown) => broken.push(`${law.name}: ${String(error)}`))
  return broken
}
