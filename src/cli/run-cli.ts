import { createClient, GatewayError, type Client } from '../client/index.ts'
import { systemClock, type Clock } from '../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../runtime/ports/platform/fetch-client.ts'
import { systemRandom, type RandomSource } from '../runtime/ports/platform/random-source.ts'
import { COMMANDS } from './commands/commands.ts'
import type { CommandContext } from './command.ts'
import { createGivenOptions, type GivenOptions } from './given-options.ts'
import { helpOf, helpOfAll } from './help.ts'
import { openPlatformSocket, type OpenListenSocket } from './listening/listen-socket.ts'
import { createOutput, type ResultOutput, type TextOutput } from './output.ts'
import { parseCommandLine, type CommandLine } from './parse-command-line.ts'
import { printable, printableJson } from './printable.ts'
import { createProgress } from './progress.ts'
import { UsageError } from './usage-error.ts'

/** What the program is run with. */
export interface CliOptions {
  /** Without the names of the runtime and of the program. */
  readonly argv: readonly string[]
  /** `WHITE_CROSS_URL` and `WHITE_CROSS_KEY` are read. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: ResultOutput
  readonly stderr: TextOutput
  /** Whether somebody watches stderr, who is shown progress. */
  readonly isTty: boolean
  readonly version: string
  /** Aborts at ctrl-c. */
  readonly signal: AbortSignal
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
  /** Default: the platform's. */
  readonly openSocket?: OpenListenSocket
}

/** Done, refused or failed, wrong usage. */
export type ExitCode = 0 | 1 | 2

/** Runs one command line. @returns What the process ends with; it does not throw */
export async function runCli(cli: CliOptions): Promise<ExitCode> {
  let line: CommandLine | undefined
  try {
    line = parseCommandLine(cli.argv, COMMANDS)
    return (await runLine(cli, line)) ? 0 : 1
  } catch (error) {
    if (hasCode(error, 'EPIPE')) return 0
    if (cli.signal.aborted && line?.kind === 'run' && line.command.name === 'tail') return 0
    const said = cli.signal.aborted ? new Error('Interrupted') : error
    await cli.stderr.write(`${shownError(said, cli.argv.includes('--json'), keyOf(cli, line))}\n`)
    return isUsage(error) ? 2 : 1
  }
}

async function runLine(cli: CliOptions, line: CommandLine): Promise<boolean> {
  const { stdout, stderr, isTty, signal, clock = systemClock } = cli
  if (line.kind === 'version') {
    await stdout.write(`${cli.version}\n`)
    return true
  }
  if (line.kind === 'help') {
    await stdout.write(line.command === null ? helpOfAll(line.of) : helpOf(line.command))
    return true
  }
  const options = createGivenOptions(line.options, clock.now())
  const gateway = gatewayOf(cli, options)
  const { random = systemRandom, fetch = systemFetch, openSocket = openPlatformSocket } = cli
  return line.command.run({
    ...{ client: clientOf(cli, gateway, options.text('tenant'), clock), gateway },
    ...{ args: line.args, options, clock, random, fetch, openSocket, signal },
    output: createOutput(stdout, stderr, options.has('json')),
    progress: (title, unit) => createProgress(isTty ? stderr : null, clock, title, unit),
  })
}

/** @throws UsageError where an address or a key cannot be one */
function gatewayOf({ env }: CliOptions, options: GivenOptions): CommandContext['gateway'] {
  const url = options.text('url') ?? env['WHITE_CROSS_URL']
  const apiKey = options.text('key') ?? env['WHITE_CROSS_KEY']
  if (url === undefined || url === '')
    throw new UsageError('Cannot find the gateway: --url or WHITE_CROSS_URL expected')
  const { protocol = '', username = '', password = '' } = URL.canParse(url) ? new URL(url) : {}
  if (!/^https?:$/.test(protocol) || /[?#]/.test(url))
    throw new UsageError('Cannot use --url: an address as https://gateway.example expected')
  if (username !== '' || password !== '')
    throw new UsageError(
      'Cannot use --url: it holds a credential, --key or WHITE_CROSS_KEY expected',
    )
  // The platform's own complaint about such a header would show the key.
  if (apiKey !== undefined && !/^[\x21-\x7e]*$/.test(apiKey))
    throw new UsageError('Cannot use --key: it has spaces or odd characters, a key expected')
  return { url, key: apiKey === undefined || apiKey === '' ? null : apiKey }
}

function clientOf(
  { fetch, random }: CliOptions,
  { url, key }: CommandContext['gateway'],
  tenant: string | undefined,
  clock: Clock,
): Client {
  return createClient({
    ...{ baseUrl: url, clock },
    ...(key !== null && { apiKey: key }),
    ...(random !== undefined && { random }),
    ...(tenant !== undefined && { tenant }),
    ...(fetch !== undefined && { fetch }),
  })
}

/** A call of the client that is malformed is the command line's fault, as an id of dots is. */
function isUsage(error: unknown): boolean {
  return (
    error instanceof UsageError ||
    (error instanceof TypeError && error.message.startsWith('Cannot call '))
  )
}

function shownError(error: unknown, isJson: boolean, key: string | undefined): string {
  const message = error instanceof Error ? error.message : 'It failed'
  // Whatever was said by whomever: a key is not repeated.
  const safe = key === undefined || key.length < 8 ? message : message.replaceAll(key, '***')
  const { code = null, requestId = null } =
    error instanceof GatewayError ? error : { code: isUsage(error) ? 'wrong_usage' : 'failed' }
  if (isJson) return printableJson({ error: { code, message: safe, requestId } })
  const about = error instanceof GatewayError ? ` (${code}${requestOf(requestId)})` : ''
  return `white-cross: ${printable(`${safe}${about}`)}`
}

function requestOf(requestId: string | null): string {
  return requestId === null ? '' : `, request ${requestId}`
}

function keyOf({ env }: CliOptions, line: CommandLine | undefined): string | undefined {
  const [given] = line?.kind === 'run' ? (line.options.get('key') ?? []) : []
  return given ?? env['WHITE_CROSS_KEY']
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
