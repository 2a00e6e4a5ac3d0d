/** @returns What a parsed event holds under `name`, or `undefined` when it is no object */
export function eventField(event: unknown, name: string): unknown {
  return typeof event === 'object' && event !== null ? Reflect.get(event, name) : undefined
}

/** @returns The text that a parsed event holds under `name`, or `null` */
export function eventText(event: unknown, name: string): string | null {
  const value = eventField(event, name)
  return typeof value === 'string' ? value : null
}
