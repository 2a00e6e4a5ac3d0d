import type { Command } from './command.ts'
import { GENERAL_OPTIONS, optionShape, type OptionName } from './options.ts'

/** What the whole program does, or those of its commands that are given. */
export function helpOfAll(commands: readonly Command[]): string {
  return [
    'Calls a gateway of @white-cross/reuse.',
    '',
    'Usage: white-cross <command> [options]',
    '',
    'Commands:',
    ...columns(commands.map((command) => [usageOf(command), command.summary])),
    '',
    'Options:',
    ...columns([...GENERAL_OPTIONS, 'version' as const].map(optionRow)),
    '',
    'white-cross <command> --help says more of each. It ends with 0 when all was done, with 1 when',
    'something was refused or failed, and with 2 when the command line means nothing.',
    '',
  ].join('\n')
}

/** What one command does. */
export function helpOf(command: Command): string {
  return [
    `${command.summary}.`,
    '',
    `Usage: white-cross ${usageOf(command)} [options]`,
    '',
    'Options:',
    ...columns([...command.options, ...GENERAL_OPTIONS].map(optionRow)),
    ...(command.notes === undefined ? [] : ['', ...command.notes]),
    '',
  ].join('\n')
}

function usageOf({ name, args }: Command): string {
  return [name, ...args].join(' ')
}

function optionRow(name: OptionName): [string, string] {
  const { value, short, summary } = optionShape(name)
  const long = `--${name}${value === undefined ? '' : ` <${value}>`}`
  return [short === undefined ? long : `${long}, -${short}`, summary]
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`)
}
