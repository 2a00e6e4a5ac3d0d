import { decodeBase64 } from '../../../primitives/base64.ts'

const NEVER_KEPT = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
const POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** One transparent dot, as GIF. */
const PICTURE = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

export function openPicture(): Response {
  return new Response(decodeBase64(PICTURE), {
    headers: { ...NEVER_KEPT, 'content-type': 'image/gif' },
  })
}

/** Goes on to a URL; what a header cannot hold is written as browsers write it. */
export function redirectTo(url: string): Response {
  const location = /^[!-~]*$/.test(url) ? url : URL.parse(url)?.href
  if (location === undefined) return unusablePage()
  return new Response(null, { status: 302, headers: { ...NEVER_KEPT, location } })
}

/** Asks before it acts. */
export function unsubscribePage(): Response {
  return page(
    200,
    'Unsubscribe',
    '<form method="post"><p>Do you want no more of these e-mails?</p><button>Unsubscribe</button></form>',
  )
}

export function unsubscribedPage(): Response {
  return page(200, 'Unsubscribed', '<p>You will get no more of these e-mails.</p>')
}

export function unusablePage(): Response {
  return page(404, 'Link not valid', '<p>This link is not valid, or its time is over.</p>')
}

function page(status: number, title: string, body: string): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${title}</title><h1>${title}</h1>${body}</html>`
  return new Response(html, {
    status,
    headers: {
      ...NEVER_KEPT,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
    },
  })
}
