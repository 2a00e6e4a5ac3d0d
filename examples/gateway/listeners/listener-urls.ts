import { base64Url, fromBase64Url, utf8 } from '../access/digest.ts'
import { isTenant } from '../access/caller.ts'
import { isListenerName, type ListenerName } from './listeners.ts'

/** The addresses of listeners: ordinary to all that keeps and shows endpoints, and no one's to make. */
export interface ListenerUrls {
  /** `https://listen.invalid/<tenant>/<name>/<HMAC>` */
  urlOf(listener: ListenerName): Promise<string>
  /** @returns Whose it is, or `null` when the gateway has not made it */
  read(url: string): Promise<ListenerName | null>
  /** What its deliveries are signed with: `whsec_…`, the same each time it listens, kept nowhere. */
  secretOf(listener: ListenerName): Promise<string>
}

/** No name below `.invalid` is ever given to anybody (RFC 6761). */
const HOST = 'listen.invalid'
const FORM = /^https:\/\/listen\.invalid\/([^/]{1,64})\/([^/]{1,40})\/([\w-]{43})$/

/** Whether what is sent there is a listener's, or pretends to be. */
export function isListenerUrl(url: string): boolean {
  return URL.canParse(url) && isListenerHost(new URL(url).hostname)
}

/** Whether a host's name is the one of listeners. */
export function isListenerHost(hostname: string): boolean {
  return hostname.replace(/\.+$/, '').toLowerCase() === HOST
}

/** Makes and takes addresses under the gateway's secret. */
export function createListenerUrls(secret: string): ListenerUrls {
  const keys = new Map<string, Promise<CryptoKey>>()
  function keyFor(purpose: string): Promise<CryptoKey> {
    const known = keys.get(purpose)
    if (known !== undefined) return known
    const made = crypto.subtle.importKey(
      'raw',
      utf8(`${purpose} ${secret}`),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign', 'verify'],
    )
    keys.set(purpose, made)
    return made
  }
  async function sign(purpose: string, listener: ListenerName): Promise<Uint8Array> {
    const made = await crypto.subtle.sign('HMAC', await keyFor(purpose), signed(listener))
    return new Uint8Array(made)
  }
  return {
    async urlOf(listener) {
      const hmac = base64Url(await sign('listen', listener))
      return `https://${HOST}/${listener.tenant}/${listener.name}/${hmac}`
    },
    async read(url) {
      const [, tenant, name, text = ''] = FORM.exec(url) ?? []
      const given = fromBase64Url(text)
      if (!isTenant(tenant) || !isListenerName(name) || given === null) return null
      const listener = { tenant, name }
      // Constant in time.
      const isOurs = await crypto.subtle.verify(
        'HMAC',
        await keyFor('listen'),
        given,
        signed(listener),
      )
      return isOurs ? listener : null
    },
    async secretOf(listener) {
      const bytes = await sign('listen secret', listener)
      return `whsec_${btoa(String.fromCharCode(...bytes))}`
    },
  }
}

/** Neither name holds a slash, so no two listeners are written alike. */
function signed({ tenant, name }: ListenerName): Uint8Array<ArrayBuffer> {
  return utf8(`${tenant}/${name}`)
}
