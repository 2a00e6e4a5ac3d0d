import { expect, test } from 'vitest'
import { COMMANDS } from './commands/commands.ts'
import { parseCommandLine } from './parse-command-line.ts'

test('parseCommandLine() finds the command, its arguments and options in any order', () => {
  expect(
    parseCommandLine(
      ['--url', 'https://a', 'jobs', 'retry', '--json', 'q', '1', '--', '-2'],
      COMMANDS,
    ),
  ).toMatchObject({
    kind: 'run',
    command: { name: 'jobs retry' },
    args: ['q', '1', '-2'],
    options: new Map([
      ['url', ['https://a']],
      ['json', ['']],
    ]),
  })
})

test.each([
  [['--help'], COMMANDS.length, null],
  [['help'], COMMANDS.length, null],
  [['jobs', '-h'], 6, null],
  [['jobs', 'list', '--help'], 6, 'jobs list'],
  [['help', 'tail'], 1, 'tail'],
])('parseCommandLine() says what is asked of help by %j', (argv, many, name) => {
  const line = parseCommandLine(argv, COMMANDS)
  if (line.kind !== 'help') throw new Error(`help expected, ${line.kind} is there`)
  expect([line.of.length, line.command?.name ?? null]).toEqual([many, name])
})

test.each([
  [[], 'Cannot run: a command expected, see white-cross --help'],
  [['secret'], 'Cannot run: there is no such command, see white-cross --help'],
  [['keys', 'list', '--kez', 'secret'], 'Cannot read options: there is none --kez, see'],
  [['keys', 'list', '--kez=secret'], 'Cannot read options: there is none --kez, see'],
  [['keys', 'list', '--secret/1'], 'Cannot read options: there is none of this name, see'],
  [['keys', 'list', '-k', 'secret'], 'Cannot read options: there is none -k, see'],
  [['keys', 'list', '--state', 'secret'], 'Cannot run keys list: it takes no --state, see'],
  [['keys', 'list', 'secret'], 'Cannot run keys list: 1 arguments are there, nothing behind it'],
  [['keys', 'make'], 'Cannot run: keys create, keys list, keys revoke expected'],
  [
    ['jobs', 'retry', 'q'],
    'Cannot run jobs retry: 1 arguments are there, <queue> <id>... expected',
  ],
  [['jobs', 'list', ''], 'Cannot run jobs list: 1 arguments are there, <queue> expected'],
  [['keys', 'list', '--json=secret'], 'Cannot use --json: it takes no value'],
  [['keys', 'list', '--limit'], 'Cannot use --limit: a value behind it expected'],
  [['keys', 'list', '--key', '--json'], 'Cannot use --key: a value behind it expected'],
  [['keys', 'list', '--key='], 'Cannot use --key: a value behind it expected'],
])('parseCommandLine() refuses %j, and repeats no value', (argv, message) => {
  let said = ''
  try {
    parseCommandLine(argv, COMMANDS)
  } catch (error) {
    said = String(error)
  }
  expect(said).toContain(`UsageError: ${message}`)
  expect(said).not.toContain('secret')
})
