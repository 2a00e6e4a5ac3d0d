import type { DashboardRole } from '../access/dashboard-user.ts'
import type { Call, Done, Page, Question } from './call.ts'

/** A page that is looked at: reading changes nothing. */
export interface PageRoute {
  readonly method: 'GET'
  /** `/jobs/:queue`, below the base path. */
  readonly path: string
  readonly role: DashboardRole
  handle(call: Call): Promise<Page | Response> | Page | Response
}

/** Something that is done, or shown only to who asks for it. Always on record. */
export interface ActRoute {
  readonly method: 'POST'
  readonly path: string
  readonly role: DashboardRole
  /** Names the act in the audit log: `jobs.retry`. */
  readonly act: string
  /** What it is done to, for the audit log. */
  target(call: Call): string
  /** Asked first; the act is done once the answer is yes. Default: it is done at once. */
  ask?(call: Call): Promise<Question> | Question
  /** What is said when it is done. Default: nothing. */
  done?(count: number): string
  handle(call: Call): Promise<Done | Page | Response> | Done | Page | Response
}

/**
 * A request whose body is no form: pieces of an upload, which a script sends with the form's token
 * in a header.
 */
export interface BytesRoute {
  readonly method: 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly role: DashboardRole
  handle(call: Call): Promise<Response> | Response
}

/** One route of the dashboard. */
export type Route = PageRoute | ActRoute | BytesRoute

/** A route that a request goes to, with the parts of its path. */
export interface Match {
  readonly route: Route
  readonly params: ReadonlyMap<string, string>
}

/** Finds routes by method and path; of several that fit, the first. */
export function createRouter(routes: readonly Route[]): {
  find(method: string, path: string): Match | null
  /** Whether another method would find something. */
  knows(path: string): boolean
} {
  const patterns = routes.map((route) => ({ route, parts: route.path.split('/') }))

  function matches(path: string): readonly Match[] {
    const given = path.split('/')
    return patterns.flatMap(({ route, parts }) => {
      const params = paramsOf(parts, given)
      return params === null ? [] : [{ route, params }]
    })
  }

  return {
    find(method, path) {
      const wanted = method === 'HEAD' ? 'GET' : method
      return matches(path).find(({ route }) => route.method === wanted) ?? null
    },
    knows: (path) => matches(path).length > 0,
  }
}

function paramsOf(
  parts: readonly string[],
  given: readonly string[],
): ReadonlyMap<string, string> | null {
  if (parts.length !== given.length) return null
  const params = new Map<string, string>()
  for (const [index, part] of parts.entries()) {
    const text = given[index] ?? ''
    if (!part.startsWith(':')) {
      if (part !== text) return null
      continue
    }
    const decoded = decodedPart(text)
    if (decoded === null || decoded === '') return null
    params.set(part.slice(1), decoded)
  }
  return params
}

function decodedPart(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
