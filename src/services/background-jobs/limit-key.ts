import { callQuietly } from '../../primitives/call-quietly.ts'

/**
 * What a definition's `key` has answered, as text: what is limited apart from the rest.
 *
 * @throws TypeError when it is neither text nor a number: two objects would have one key
 */
export function limitKeyOf(name: string, key: unknown): string {
  if (typeof key === 'string') return key
  if (Number.isFinite(key) || typeof key === 'bigint') return String(key)
  if (key === undefined || key === null) return ''
  // One that is async is refused, and what it rejects with must not end the process.
  callQuietly(() => key)
  throw new TypeError(
    `Cannot limit jobs ${JSON.stringify(name)}: key answered a value of type ${typeof key}, text expected`,
  )
}
