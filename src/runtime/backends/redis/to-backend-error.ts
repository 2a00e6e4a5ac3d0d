import { nameOfError } from './name-of-error.ts'
import { EVICTING_REPLY } from './script.ts'
import { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'

/** Replies of a server that is there but cannot serve writes for now: nothing was written. */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'READONLY',
  'TRYAGAIN',
])

/**
 * The first word of an error that the server itself replied, e.g. `NOSCRIPT` or `ERR`; `null` for
 * any other error.
 *
 * Clients hand on the server's words as their message; `@upstash/redis` puts `Command failed: `
 * before and the whole command behind them. `ECONNRESET` and its kind come from the platform.
 */
export function codeOfReply(error: unknown): string | null {
  const words = /^(?:Command .{0,80}?failed: )?([A-Z][A-Z0-9]*)(?: |$)/.exec(messageOf(error))
  const code = words?.[1] ?? null
  return code?.startsWith('E') && code !== 'ERR' && code !== 'EXECABORT' ? null : code
}

/**
 * Says in the ports' words what went wrong. `cause` has the vendor's message, without the command
 * and its data.
 */
export function toBackendError(error: unknown): BackendError {
  if (error instanceof BackendError) return error
  const reply = codeOfReply(error)
  const cause = withoutCommand(error)
  if (reply === EVICTING_REPLY)
    return new BackendError(
      'backend_failed',
      'Cannot use Redis: it evicts keys when its memory is full, maxmemory-policy noeviction expected',
      { cause },
    )
  if (reply !== null)
    return new BackendError(
      codeOf(reply, cause.message),
      `Cannot run Redis script: the server refused it with ${reply}`,
      { cause },
    )
  const named = nameOfError(error)
  if (cause.name === 'UpstashError')
    return new BackendError('backend_failed', 'Cannot run Redis script: Upstash refused it', {
      cause,
    })
  return new BackendError(
    'backend_unavailable',
    `Cannot run Redis script: the connection failed${named === null ? '' : ` with ${named}`}, whether it ran is not known`,
    { cause },
  )
}

function codeOf(reply: string, message: string): BackendErrorCode {
  if (UNAVAILABLE.has(reply)) return 'backend_unavailable'
  if (reply === 'OOM' || reply === 'BUSY') return 'backend_overloaded'
  return /\bmax\b.*(?:exceeded|reached)/.test(message) ? 'backend_overloaded' : 'backend_failed'
}

/**
 * ioredis hangs the command on the error and Upstash writes it into the message: neither may reach
 * a log.
 */
function withoutCommand(error: unknown): Error {
  const cause = new Error(messageOf(error).split(', command was: ')[0])
  if (error instanceof Error) cause.name = error.name
  return cause
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the client threw no Error'
}
