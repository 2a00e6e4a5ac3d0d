import { cloudflareImages } from '../../../src/services/storage/media/cloudflare-images.ts'
import type { ImageOperations } from '../../../src/services/storage/media/image-operations.ts'
import type { ImagesBindingLike } from '../../../src/services/storage/media/images-binding.ts'
import { mediaProcessorLaws } from '../../../src/services/storage/media/media-processor.conformance.ts'
import { MediaError } from '../../../src/services/storage/media/media-error.ts'

/** Makes an image of the body as the `operations` header says, or runs the laws at `/laws`. */
export default {
  async fetch(request: Request, env: { readonly IMAGES: ImagesBindingLike }): Promise<Response> {
    if (new URL(request.url).pathname === '/laws')
      return Response.json(await brokenLaws(env.IMAGES))
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
