const LONGEST = 128
const SUFFIX = '.schedules'
const HASH_CHARACTERS = 14
/** Two hashes of 32 bits tell names apart that begin alike. */
const OFFSETS = [0x811c9dc5, 0x9747b28c] as const
const PRIME = 0x01000193

/**
 * The queue of the jobs that look after the schedules of a queue: its name with an ending,
 * shortened where the two are longer than names can be.
 */
export function schedulesQueueOf(queue: string): string {
  if (queue.length + SUFFIX.length <= LONGEST) return `${queue}${SUFFIX}`
  const hash = OFFSETS.map((offset) => fnv1a(queue, offset).toString(36).padStart(7, '0')).join('')
  return `${queue.slice(0, LONGEST - SUFFIX.length - HASH_CHARACTERS - 1)}-${hash}${SUFFIX}`
}

/** FNV-1a of a text of ASCII characters, which names of queues are. */
function fnv1a(text: string, offset: number): number {
  let hash = offset
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), PRIME)
  return hash >>> 0
}
