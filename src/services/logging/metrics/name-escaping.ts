/**
 * How names with characters that are no letters, digits or `_` are written for those who cannot
 * read them.
 */
export type EscapingScheme = 'underscores' | 'dots' | 'values' | 'allow-utf-8'

const LEGACY = /^[A-Za-z_:][\w:]*$/

/** @returns `name` as the scheme writes it (Prometheus, "UTF-8 in Prometheus") */
export function escapeName(name: string, scheme: EscapingScheme): string {
  switch (scheme) {
    case 'allow-utf-8':
      return name
    case 'dots':
      return mapName(name, (character) =>
        character === '_' ? '__' : character === '.' ? '_dot_' : '__',
      )
    case 'values':
      return LEGACY.test(name)
        ? name
        : `U__${mapName(name, (character) => (character === '_' ? '__' : `_${(character.codePointAt(0) ?? 0).toString(16)}_`))}`
    default:
      return LEGACY.test(name) ? name : mapName(name, () => '_')
  }
}

/** Whether a name must be put in quotes where it stands unescaped. */
export function needsQuotes(name: string): boolean {
  return !LEGACY.test(name)
}

/** Leaves letters, `:` and digits that are not first; `write` gets all others. */
function mapName(name: string, write: (character: string) => string): string {
  return Array.from(name, (character, at) =>
    /[A-Za-z:]/.test(character) || (at > 0 && /\d/.test(character)) ? character : write(character),
  ).join('')
}
