/** @returns The own properties of anything. What cannot be read is named instead */
export function readableCopy(given: unknown): Record<string, unknown> {
  if (typeof given !== 'object' || given === null) return {}
  try {
    return { ...given }
  } catch {
    return readEach(given)
  }
}

function readEach(given: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  try {
    for (const name of Object.keys(given)) copy[name] = read(given, name)
  } catch {
    // A proxy does not even tell its names.
    copy['unreadable'] = true
  }
  return copy
}

function read(given: object, name: string): unknown {
  try {
    return Reflect.get(given, name)
  } catch {
    return '[Unreadable]'
  }
}
