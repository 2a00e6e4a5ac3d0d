/**
 * Whether a browser sent a request from a page of this very origin, or no browser did. Beside the
 * form's token, and the only proof of the form that signs in.
 */
export function isOwnRequest(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  const origin = request.headers.get('origin')
  if (origin === null) return true
  // Behind a proxy that ends TLS the scheme may be another one.
  return URL.parse(origin)?.host === (request.headers.get('host') ?? new URL(request.url).host)
}
