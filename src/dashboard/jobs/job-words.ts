import type { JobRecord } from '../../runtime/ports/job-store/job-store.ts'
import type { JobState } from '../../runtime/ports/job-store/job-state.ts'
import { redactPII } from '../../services/logging/redaction/redact-pii.ts'
import { badge, type Tone } from '../html/parts.ts'
import type { Html } from '../html/html.ts'
import { shownText } from '../html/shown-text.ts'

/** How each state is shown, and what it means. */
export const JOB_STATE_WORDS: Readonly<Record<JobState, { tone: Tone; meaning: string }>> = {
  ready: { tone: 'busy', meaning: 'Waits for a worker.' },
  scheduled: { tone: 'idle', meaning: 'Waits for its time, perhaps between two attempts.' },
  active: { tone: 'busy', meaning: 'A worker has it.' },
  completed: { tone: 'good', meaning: 'It is done.' },
  dead: { tone: 'bad', meaning: 'Its attempts are used up, or it cannot succeed.' },
  cancelled: { tone: 'idle', meaning: 'Somebody called it off.' },
  parked: { tone: 'warn', meaning: 'It waits until somebody lets it go on.' },
  held: { tone: 'idle', meaning: 'It waits for room in its group.' },
  blocked: { tone: 'idle', meaning: 'It waits for its children.' },
}

/** A state as a badge. */
export function jobState(state: JobState): Html {
  return badge(JOB_STATE_WORDS[state].tone, state)
}

/** What the instant of a job in this state says. */
export function whenName(state: JobState): string {
  if (state === 'scheduled') return 'Due'
  if (state === 'active') return 'Lease ends'
  return state === 'completed' || state === 'dead' || state === 'cancelled' ? 'Ended' : 'Added'
}

/** What a thrown error left, in a line, without what is about people. */
export function errorLine(error: JobRecord['lastError']): string | null {
  if (error === null) return null
  if (typeof error !== 'object' || Array.isArray(error)) return tidy(String(error))
  const { name, message, code } = error as Readonly<Record<string, unknown>>
  const words = [name, code].filter((part) => typeof part === 'string').join(' ')
  const text = typeof message === 'string' ? message : JSON.stringify(error)
  return tidy(words === '' ? text : `${words}: ${text}`)
}

function tidy(text: string): string {
  return shownText(redactPII(text.slice(0, 2000)), 500)
}
