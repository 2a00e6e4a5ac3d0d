import { hasNodeModules } from './node-modules.ts'
import { pinnedFetch, type PinnedFetch, type PinnedFetchOptions } from './pinned-fetch.ts'

/**
 * @returns What {@link pinnedFetch} makes, on Node, Deno and Bun; `null` where connections are not
 *   this program's to make
 */
export function platformPinnedFetch(options: PinnedFetchOptions): PinnedFetch | null {
  // Workers can have Node's `http`, but it is made of their `fetch` and asks nobody for addresses.
  const isWorker = (globalThis as HostGlobals).navigator?.userAgent === 'Cloudflare-Workers'
  return isWorker || !hasNodeModules() ? null : pinnedFetch(options)
}

interface HostGlobals {
  readonly navigator?: { readonly userAgent?: string }
}
