/** What cannot be seen, and may turn the direction of what stands around it. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Ends of lines, tabs, and what joins the parts of one emoji. */
const HARMLESS = new Set(['\n', '\r', '\t', '\u200D'])

/**
 * A text that somebody else wrote, as it is shown: what cannot be seen is named, so that a file
 * cannot pretend to have another name, and what is too long ends with `…`.
 */
export function shownText(text: string, most = 300): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text
  return cut
    .toWellFormed()
    .replace(UNSEEN, (char) => (HARMLESS.has(char) ? char : `⟨${nameOf(char)}⟩`))
}

function nameOf(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
