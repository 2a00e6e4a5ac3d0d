import { percentDecode } from '../../../../primitives/percent.ts'
import { encodeUtf8, utf8Length } from '../../../../primitives/utf8.ts'

/** File systems take 255 bytes; some room is left for what they add themselves. */
const MAX_NAME_BYTES = 200
/** Ends the name of a folder that holds the rest of a segment too long for one name. */
const GOES_ON = '%+'
/** An empty segment. */
const EMPTY = '%'

/**
 * The path of a key's file: its segments as they are, but for what a file system takes otherwise,
 * which is written as `%XX`. No two keys have the same path, and no path leaves its folder.
 */
export function pathOfKey(key: string): readonly string[] {
  return key.split('/').flatMap(namesOfSegment)
}

/** @returns What a name stands for; `ends` is false where the segment goes on in the folder */
export function readName(name: string): { readonly text: string; readonly ends: boolean } {
  if (name === EMPTY) return { text: '', ends: true }
  const ends = !name.endsWith(GOES_ON)
  return { text: percentDecode(ends ? name : name.slice(0, -GOES_ON.length)), ends }
}

function namesOfSegment(segment: string): readonly string[] {
  if (segment === '') return [EMPTY]
  const names: string[] = []
  let name = ''
  let bytes = 0
  for (const piece of piecesOf(segment)) {
    const length = utf8Length(piece)
    if (bytes + length > MAX_NAME_BYTES) {
      names.push(name + GOES_ON)
      name = ''
      bytes = 0
    }
    name += piece
    bytes += length
  }
  return [...names, name]
}

/** The characters of a segment, each as it is written. */
function piecesOf(segment: string): readonly string[] {
  const chars = Array.from(segment)
  // Names that Windows takes for devices, whatever they end with.
  const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(segment)
  return chars.map((char, index) => {
    const first = index === 0 && (char === '.' || device)
    const last = index === chars.length - 1 && (char === '.' || char === ' ')
    return first || last || /[%\\:*?"<>|]/.test(char) ? escaped(char) : char
  })
}

function escaped(char: string): string {
  return Array.from(
    encodeUtf8(char),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}
