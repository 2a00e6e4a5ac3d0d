import type { DurableObjectNamespaceLike } from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import type { R2BucketLike } from '@white-cross/reuse/infrastructure/storage/r2'
import type { ListenerNamespaceLike } from './listeners/object-listeners.ts'
import type { GatewayVariables } from './settings.ts'

declare global {
  namespace Cloudflare {
    /** The bindings of wrangler.toml. */
    interface Env extends GatewayVariables {
      readonly INFRASTRUCTURE: DurableObjectNamespaceLike
      readonly LISTENERS: ListenerNamespaceLike
      readonly FILES: R2BucketLike
    }
  }
}
