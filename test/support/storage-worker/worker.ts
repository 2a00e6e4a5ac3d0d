import type { R2BucketLike } from '../../../src/services/storage/providers/r2/r2-binding.ts'
import { r2BlobsSuites } from '../../conformance/services/storage/r2-blobs.ts'
import { runSuites } from '../../conformance/run-suites.ts'

interface Env {
  readonly ONE: R2BucketLike
  readonly TWO: R2BucketLike
}

/** Runs the laws that need bindings of workerd, and answers what they print. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const only = new URL(request.url).searchParams.get('only') ?? ''
    const lines: string[] = []
    await runSuites('workerd', r2BlobsSuites(env), (line) => lines.push(line), only)
    return new Response(lines.join('\n'))
  },
}
