/**
 * Orders strings by their UTF-8 bytes, as SQLite, Redis and every key-value store do.
 *
 * JavaScript's own order differs where surrogate pairs meet U+E000–U+FFFF, so a comparison in code
 * units would page differently from the stores.
 *
 * @returns Below 0 when `a` comes first, above 0 when `b` does, 0 when they are equal
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index)
    const y = b.charCodeAt(index)
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

function isSurrogate(codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff
}
