import type { DurableObjectNamespaceLike } from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import type { R2BucketLike } from '@white-cross/reuse/infrastructure/storage/r2'
import type { GatewayVariables } from './settings.ts'

declare global {
  namespace Cloudflare {
    /** The bindings of wrangler.toml. */
    interface Env extends GatewayVariables {
      readonly INFRASTRUCTURE: DurableObjectNamespaceLike
      readonly FILES: R2BucketLike
    }
  }
}
