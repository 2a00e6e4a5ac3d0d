/**
 * How names with characters that are no letters, digits or `_` are written for those who cannot
 * read them.
 */
export type EscapingScheme = 'underscores' | 'dots' | 'values' | 'allow-utf-8'

/** What is named: unlike a label, a metric may have colons. */
export type Named = 'metric' | 'label'

const LEGACY: Readonly<Record<Named, RegExp>> = {
  metric: /^[A-Za-z_:][\w:]*$/,
  label: /^[A-Za-z_]\w*$/,
}

/** @returns `name` as the scheme writes it (Prometheus, "UTF-8 in Prometheus") */
export function escapeName(name: string, scheme: EscapingScheme, named: Named = 'metric'): string {
  switch (scheme) {
    case 'allow-utf-8':
      return name
    case 'dots':
      return mapName(name, named, (character) =>
        character === '_' ? '__' : character === '.' ? '_dot_' : '__',
      )
    case 'values':
      return needsQuotes(name, named)
        ? `U__${mapName(name, named, (character) => (character === '_' ? '__' : `_${(character.codePointAt(0) ?? 0).toString(16)}_`))}`
        : name
    default:
      return needsQuotes(name, named) ? mapName(name, named, () => '_') : name
  }
}

/** Whether a name must be put in quotes where it stands unescaped. */
export function needsQuotes(name: string, named: Named = 'metric'): boolean {
  return !LEGACY[named].test(name)
}

/** Leaves letters, a metric's `:` and digits that are not first; `write` gets all others. */
function mapName(name: string, named: Named, write: (character: string) => string): string {
  return Array.from(name, (character, at) =>
    /[A-Za-z]/.test(character) ||
    (at > 0 && /\d/.test(character)) ||
    (named === 'metric' && character === ':')
      ? character
      : write(character),
  ).join('')
}
