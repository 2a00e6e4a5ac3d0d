/**
 * Checks the names in an options object: one that means nothing would be without effect and without
 * a word, as a misspelt or an outdated one is.
 *
 * @param action What cannot be done without it, as in `create job worker`
 * @param required Names that must be there
 * @param optional Names that may be there besides
 * @throws TypeError when `options` is no object, lacks a required option or has one of another name
 */
export function checkOptions<Options extends object>(
  action: string,
  options: Options,
  required: readonly (keyof Options & string)[],
  optional: readonly (keyof Options & string)[] = [],
): void {
  const given: unknown = options
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`Cannot ${action}: the options are no object, one expected`)
  for (const name of required)
    if (options[name] === undefined)
      throw new TypeError(`Cannot ${action}: ${name} is missing, one expected`)
  const known: readonly string[] = [...required, ...optional]
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new TypeError(
      `Cannot ${action}: option ${JSON.stringify(unknown.slice(0, 50))} is not known, ${known.join(', ')} expected`,
    )
}

/**
 * Checks that an option has the parts that are used of it.
 *
 * @throws TypeError which names the first part that is missing
 */
export function checkParts<Whole extends object>(
  action: string,
  name: string,
  whole: Whole,
  parts: readonly (keyof Whole & string)[],
): void {
  const given: unknown = whole
  const missing = parts.find(
    (part) => typeof given !== 'object' || given === null || whole[part] === undefined,
  )
  if (missing !== undefined)
    throw new TypeError(`Cannot ${action}: ${name} has no ${missing}, one expected`)
}
