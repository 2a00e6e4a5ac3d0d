import { cloudflareImages } from '../../../src/services/storage/media/cloudflare-images.ts'
import type { ImageOperations } from '../../../src/services/storage/media/image-operations.ts'
import type { ImagesBindingLike } from '../../../src/services/storage/media/images-binding.ts'
import { MediaError } from '../../../src/services/storage/media/media-error.ts'

/** Makes an image of the body as the `operations` header says. */
export default {
  async fetch(request: Request, env: { readonly IMAGES: ImagesBindingLike }): Promise<Response> {
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
