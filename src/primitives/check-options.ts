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
  checkPlain(action, 'the options are', options)
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

/**
 * Checks what names options before they are looked through: a number, a list, a Map or a promise
 * that nobody waited for has none of them, and would be without effect and without a word.
 *
 * @param what With its verb, as in `the options are`
 * @throws TypeError when it is no object of its own names
 */
export function checkPlain(action: string, what: string, given: unknown): void {
  if (Object.prototype.toString.call(given) !== '[object Object]')
    throw new TypeError(`Cannot ${action}: ${what} no object, one expected`)
}

/** @throws TypeError when it is given and is none: it would never stop anything */
export function checkSignal(action: string, signal: unknown): void {
  if (signal === undefined || isSignal(signal)) return
  throw new TypeError(`Cannot ${action}: signal is no AbortSignal, one expected`)
}

function isSignal(given: unknown): boolean {
  return (
    typeof given === 'object' &&
    given !== null &&
    typeof (given as Partial<AbortSignal>).addEventListener === 'function'
  )
}

/** @throws TypeError which names the first that is given and is no function */
export function checkFunctions(action: string, given: Readonly<Record<string, unknown>>): void {
  for (const [name, one] of Object.entries(given))
    if (one !== undefined && typeof one !== 'function')
      throw new TypeError(`Cannot ${action}: ${name} is no function, one expected`)
}

/** @throws TypeError which names the first that is given and is neither: `'false'` would be true */
export function checkBooleans(action: string, given: Readonly<Record<string, unknown>>): void {
  for (const [name, one] of Object.entries(given))
    if (one !== undefined && typeof one !== 'boolean')
      throw new TypeError(
        `Cannot ${action}: ${name} is of type ${typeof one}, true or false expected`,
      )
}
