import { readCookie } from '../access/sessions.ts'

/** How somebody wants to see pages. */
export interface View {
  /** Where the dashboard is mounted, without a slash at its end. */
  readonly basePath: string
  /** An IANA name. */
  readonly zone: string
  readonly theme: 'auto' | 'light' | 'dark'
  /** ms since 1970. */
  readonly now: number
}

/** Cookie that holds it; nothing secret, so nothing is signed. */
const VIEW_COOKIE = 'wc_dashboard_view'

const MOST_LENGTH = 100

/** What the request's cookie says; what is malformed counts as not said. */
export function readView(request: Request, basePath: string, now: number): View {
  const text = readCookie(request, VIEW_COOKIE) ?? ''
  const [theme = '', zone = ''] = text.length > MOST_LENGTH ? [] : text.split('~')
  return {
    ...{ basePath, now },
    zone: isZone(decoded(zone)) ? decoded(zone) : 'UTC',
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
  }
}

/** The value of `Set-Cookie` that keeps it for a year. */
export function viewCookie(view: Pick<View, 'zone' | 'theme' | 'basePath'>): string {
  const path = view.basePath === '' ? '/' : view.basePath
  return `${VIEW_COOKIE}=${view.theme}~${encodeURIComponent(view.zone)}; Path=${path}; HttpOnly; SameSite=Strict; Max-Age=31536000`
}

/** Whether the platform knows the time zone. */
export function isZone(name: string): boolean {
  if (name === '' || name.length > 64) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
