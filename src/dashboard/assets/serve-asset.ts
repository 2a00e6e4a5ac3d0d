import { encodeHex } from '../../primitives/hex.ts'
import { sha256 } from '../../primitives/sha256.ts'
import { encodeUtf8 } from '../../primitives/utf8.ts'
import { SECURITY_HEADERS } from '../http/headers.ts'
import { script } from './script.ts'
import { style } from './style.ts'

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="6" fill="#0b5f73"/><path d="M12 6v12M6 12h12" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>`

/** A file that every page refers to. */
export type AssetName = 'style' | 'script' | 'icon'

interface Asset {
  readonly text: string
  readonly type: string
  readonly ending: string
}

const assets: Readonly<Record<AssetName, Asset>> = {
  style: { text: style, type: 'text/css; charset=utf-8', ending: 'css' },
  script: { text: script, type: 'text/javascript; charset=utf-8', ending: 'js' },
  icon: { text: icon, type: 'image/svg+xml', ending: 'svg' },
}

const paths = new Map<AssetName, string>()

/** Where an asset is, below the base path: another version has another path. */
export function assetPath(name: AssetName): string {
  const known = paths.get(name)
  if (known !== undefined) return known
  const { text, ending } = assets[name]
  const path = `/assets/${name}.${encodeHex(sha256(encodeUtf8(text))).slice(0, 12)}.${ending}`
  paths.set(name, path)
  return path
}

/** Answers a request for an asset, kept by browsers for a year; `null` where it is none. */
export function serveAsset(path: string, request: Request): Response | null {
  if (!path.startsWith('/assets/') || (request.method !== 'GET' && request.method !== 'HEAD'))
    return null
  const names: readonly AssetName[] = ['style', 'script', 'icon']
  const name = names.find((one) => assetPath(one) === path)
  if (name === undefined) return null
  const { text, type } = assets[name]
  return new Response(text, {
    headers: {
      ...SECURITY_HEADERS,
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
    },
  })
}
