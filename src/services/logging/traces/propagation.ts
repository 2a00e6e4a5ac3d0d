/**
 * Reads which servers may know the trace.
 *
 * @param propagateTo Their origins, or a function that is asked for one's
 * @returns Whether the server of a URL may
 * @throws TypeError when one of them is no origin
 */
export function readPropagation(
  propagateTo: readonly string[] | ((origin: string) => boolean),
): (url: string) => boolean {
  const mayTell =
    typeof propagateTo === 'function' ? propagateTo : has(new Set(propagateTo.map(checkOrigin)))
  return (url) => URL.canParse(url) && mayTell(new URL(url).origin)
}

function has(origins: ReadonlySet<string>): (origin: string) => boolean {
  return (origin) => origins.has(origin)
}

function checkOrigin(origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin
  throw new TypeError(
    `Cannot create tracing: propagateTo has ${JSON.stringify(origin)}, an origin such as "https://api.example.com" expected`,
  )
}
