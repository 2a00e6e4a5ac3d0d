const PARAMETER = String.raw`[ \t]*;[ \t]*[\w!#$&^.+-]+=(?:[^\s",;\\]+|"(?:[^"\\]|\\.)*")`
const MEDIA_TYPE = new RegExp(String.raw`^[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:${PARAMETER})*[ \t;]*$`)

/**
 * Whether a `Content-Type` is one media type, in printable ASCII. Of several, which a comma parts,
 * browsers take the last, whatever the first was.
 */
export function isMediaType(text: unknown): text is string {
  if (typeof text !== 'string') return false
  return text.length <= 1024 && /^[\t\x20-\x7e]*$/.test(text) && MEDIA_TYPE.test(text)
}
