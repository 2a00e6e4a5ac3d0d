/**
 * Makes a test of a path: `/api/*` (and all below, and `/api` itself), `/users/:id`, `/health`.
 *
 * Paths are compared as routers see them: percent-encoding is decoded and empty segments are left
 * out, so that no other spelling of a path slips by.
 *
 * @throws RangeError when the pattern is malformed
 */
export function pathPattern(action: string, pattern: string): (path: string) => boolean {
  if (typeof pattern !== 'string' || !/^(?:\*|\/[^?#]*)$/.test(pattern) || pattern.length > 1000)
    throw new RangeError(
      `Cannot ${action}: a path is malformed, one such as /api/*, /users/:id or * expected`,
    )
  const wanted = segmentsOf(pattern === '*' ? '/*' : pattern)
  if (wanted.slice(0, -1).includes('*'))
    throw new RangeError(`Cannot ${action}: a path has * within it, only at its end expected`)
  const isOpen = wanted.at(-1) === '*'
  const fixed = isOpen ? wanted.slice(0, -1) : wanted
  return (path) => {
    const segments = segmentsOf(path)
    if (isOpen ? segments.length < fixed.length : segments.length !== fixed.length) return false
    return fixed.every((segment, index) => segment.startsWith(':') || segment === segments[index])
  }
}

function segmentsOf(path: string): readonly string[] {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decoded)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
