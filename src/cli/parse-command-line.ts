import { parseArgs } from 'node:util'
import type { Command } from './command.ts'
import { GENERAL_OPTIONS, isOptionName, OPTIONS, optionShape, type OptionName } from './options.ts'
import { UsageError } from './usage-error.ts'

/** A command line, understood. */
export type CommandLine =
  | { readonly kind: 'version' }
  /** Of one command, or of all that are meant. */
  | { readonly kind: 'help'; readonly command: Command | null; readonly of: readonly Command[] }
  | {
      readonly kind: 'run'
      readonly command: Command
      readonly args: readonly string[]
      readonly options: ReadonlyMap<OptionName, readonly string[]>
    }

const SHAPES = Object.fromEntries(
  Object.keys(OPTIONS)
    .filter(isOptionName)
    .map((name) => {
      const { value, short } = optionShape(name)
      const type = value === undefined ? ('boolean' as const) : ('string' as const)
      return [name, { type, multiple: true, ...(short !== undefined && { short }) }]
    }),
)

/**
 * Reads a command line. Nothing of what it says is in the errors but names of options: a key may
 * stand anywhere.
 *
 * @throws UsageError
 */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
): CommandLine {
  const { tokens } = parseArgs({
    ...{ args: [...argv], options: SHAPES, tokens: true, strict: false, allowPositionals: true },
  })
  const words: string[] = []
  const options = new Map<OptionName, string[]>()
  for (const token of tokens)
    if (token.kind === 'positional') words.push(token.value)
    else if (token.kind === 'option') {
      const name = nameOf(token.name, token.rawName)
      options.set(name, [...(options.get(name) ?? []), valueOf(name, token)])
    }
  if (options.has('version')) return { kind: 'version' }
  const asksHelp = words[0] === 'help' || options.has('help')
  const named = words[0] === 'help' ? words.slice(1) : words
  if (named.length === 0 && asksHelp) return { kind: 'help', command: null, of: commands }
  const command = commands.find(({ name }) => name.split(' ').every((word, i) => named[i] === word))
  const group = commands.filter(({ name }) => name.split(' ')[0] === named[0])
  if (asksHelp && (command !== undefined || group.length > 0))
    return { kind: 'help', command: command ?? null, of: group }
  if (command === undefined) throw unknownCommand(group, named.length === 0)
  const args = named.slice(command.name.split(' ').length)
  checkArguments(command, args)
  for (const name of options.keys())
    if (!command.options.includes(name) && !GENERAL_OPTIONS.includes(name))
      throw new UsageError(
        `Cannot run ${command.name}: it takes no --${name}, see white-cross ${command.name} --help`,
      )
  return { kind: 'run', command, args, options }
}

function nameOf(name: string, rawName: string): OptionName {
  if (isOptionName(name)) return name
  const shown = /^--?[a-z-]{1,40}$/i.test(rawName) ? rawName : 'of this name'
  throw new UsageError(`Cannot read options: there is none ${shown}, see white-cross --help`)
}

function valueOf(
  name: OptionName,
  {
    value,
    inlineValue,
  }: { readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string {
  if (optionShape(name).value === undefined) {
    if (value === undefined) return ''
    throw new UsageError(`Cannot use --${name}: it takes no value`)
  }
  // An option that follows is none, unless it is written with the equals sign.
  if (value === undefined || value === '' || (inlineValue !== true && value.startsWith('-')))
    throw new UsageError(`Cannot use --${name}: a value behind it expected, or as --${name}=value`)
  return value
}

function unknownCommand(group: readonly Command[], isEmpty: boolean): UsageError {
  if (isEmpty) return new UsageError('Cannot run: a command expected, see white-cross --help')
  if (group.length === 0)
    return new UsageError('Cannot run: there is no such command, see white-cross --help')
  const names = group.map(({ name }) => name).join(', ')
  return new UsageError(`Cannot run: ${names} expected, see white-cross --help`)
}

function checkArguments({ name, args }: Command, given: readonly string[]): void {
  const least = args.filter((arg) => arg.startsWith('<')).length
  const most = args.some((arg) => arg.endsWith('...')) ? Infinity : args.length
  if (given.length >= least && given.length <= most && !given.includes('')) return
  const expected = args.length === 0 ? 'nothing behind it' : args.join(' ')
  throw new UsageError(
    `Cannot run ${name}: ${given.length} arguments are there, ${expected} expected`,
  )
}
