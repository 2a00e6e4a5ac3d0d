import type { Html } from '../html/html.ts'
import { SECURITY_HEADERS } from './headers.ts'

/** A document with the headers that keep a browser to it. */
export function document(body: Html, status: number): Response {
  return new Response(body.toString(), {
    status,
    headers: { ...SECURITY_HEADERS, 'content-type': 'text/html; charset=utf-8' },
  })
}

/** Sends a browser somewhere below the base path, to look at it. */
export function redirect(to: string, cookie?: string): Response {
  return new Response(null, {
    status: 303,
    headers: {
      ...SECURITY_HEADERS,
      location: to,
      ...(cookie !== undefined && { 'set-cookie': cookie }),
    },
  })
}
