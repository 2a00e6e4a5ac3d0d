import type { EscapingScheme } from './name-escaping.ts'

/** The form in which metrics are shown to who asked. */
export interface Exposition {
  readonly format: 'text' | 'openmetrics'
  readonly escaping: EscapingScheme
  readonly contentType: string
}

const SCHEMES: readonly string[] = ['underscores', 'dots', 'values', 'allow-utf-8']
/** Of a header that is looked at. */
const MAX_LENGTH = 1000

/**
 * Reads an `Accept` header as Prometheus sends it. What nothing is known of gets the text format
 * 0.0.4.
 */
export function negotiate(accept: string | null | undefined): Exposition {
  let best: Exposition | undefined
  let bestQ = 0
  for (const range of (accept ?? '').slice(0, MAX_LENGTH).split(',')) {
    const [type = '', ...rest] = range.split(';').map((part) => part.trim().toLowerCase())
    const params = new Map(
      rest.map((part): [string, string] => {
        const at = part.indexOf('=')
        return [
          part.slice(0, at).trim(),
          part
            .slice(at + 1)
            .trim()
            .replace(/^"|"$/g, ''),
        ]
      }),
    )
    const q = Number(params.get('q') ?? 1)
    const exposition = expositionOf(type, params)
    if (exposition !== undefined && q > bestQ) {
      best = exposition
      bestQ = q
    }
  }
  return best ?? expositionOf('text/plain', new Map()) ?? PLAIN
}

const PLAIN: Exposition = {
  format: 'text',
  escaping: 'underscores',
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
}

function expositionOf(type: string, params: ReadonlyMap<string, string>): Exposition | undefined {
  const version = params.get('version')
  const asked = params.get('escaping')
  const scheme =
    asked !== undefined && SCHEMES.includes(asked) ? (asked as EscapingScheme) : undefined
  const escaping = scheme ?? 'underscores'
  // Who did not ask how names are escaped may not read the answer's word for it.
  const said = scheme === undefined ? '' : `; escaping=${scheme}`
  if (
    type === 'application/openmetrics-text' &&
    (version === undefined || /^(?:0\.0\.1|1\.0\.0)$/.test(version))
  )
    return {
      format: 'openmetrics',
      escaping: version === '0.0.1' && escaping === 'allow-utf-8' ? 'underscores' : escaping,
      contentType: `application/openmetrics-text; version=${version ?? '1.0.0'}; charset=utf-8${said}`,
    }
  if (type === 'text/plain' && version === '1.0.0')
    return {
      format: 'text',
      escaping,
      contentType: `text/plain; version=1.0.0; charset=utf-8${said}`,
    }
  // Version 0.0.4 has no quotes for names.
  if (
    /^(?:text\/plain|text\/\*|\*\/\*)$/.test(type) &&
    (version === undefined || version === '0.0.4')
  )
    return escaping === 'allow-utf-8' || scheme === undefined
      ? PLAIN
      : { ...PLAIN, escaping, contentType: `${PLAIN.contentType}${said}` }
  return undefined
}
