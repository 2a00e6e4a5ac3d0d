import { JOB_STATES, type JobState } from '../../ports/job-store/job-state.ts'
import { lua } from './script.ts'

/** Parts of a queue's keys, in the order of `KEYS`. */
export const QUEUE_PARTS: readonly string[] = [
  'jobs',
  'bodies',
  'notes',
  'meta',
  'dedup',
  'dedup-ends',
  'turns',
  'groups',
  'children',
  'events',
  ...JOB_STATES,
  'tags',
]

/** The letter of each state in the scripts. */
export const STATE_LETTERS: Readonly<Record<JobState, string>> = {
  ready: 'r',
  scheduled: 's',
  active: 'a',
  completed: 'c',
  dead: 'd',
  cancelled: 'x',
  parked: 'p',
  held: 'h',
  blocked: 'b',
}

/** Bodies fetched at once, so that a page of great ones is cut short before all are in memory. */
export const BODIES_AT_ONCE = 64

const SETS = JOB_STATES.map(
  (state) => `${STATE_LETTERS[state]} = KEYS[${QUEUE_PARTS.indexOf(state) + 1}]`,
).join(', ')

/**
 * The keys of a queue and how a job stands in them.
 *
 * `jobs` maps an id to `state attempt token seq flags notes priority maxAttempts keepCompleted
 * keepDead addedAt dedup`: state is the first letter (x for cancelled), attempt has `/crashes`
 * behind it where there were any, maxAttempts `/maxCrashes` where given, flags is 1 when asked to
 * stop and 2 when there is more, notes the letters of those in `notes` or `-`, keeping is in ms,
 * with `/count` behind where a bound was given, dedup the deduplication id that the job holds until
 * it has finished. More is ` group limit parents parentFlow failsParent flow pending`; flow is a
 * number that only this job has as a parent. Behind the first of the parents,
 * `,parent:flow:failsParent` stands for each other one. Group, parents and dedup are
 * percent-encoded.
 *
 * `bodies` maps the id to `=[name,⏎options,⏎data]`, `notes` maps e (error), p (progress), r
 * (result) with the id behind to `=json`, f to the job that follows, t to its tags after a `=`,
 * percent-encoded with a comma between two, g to those of the job that follows, and u to what stood
 * in `jobs` when that could not be read. Each state's set ranks
 * `seq` with the id behind; seq has 16 digits. `turns` orders held jobs by group, priority and seq,
 * `groups` counts those that are ready or active, and has under the group with a space before it
 * what was asked of it: `paused limit`, and under a space alone `prefix limit` of each prefix of
 * groups that has one. `children` maps a flow to the last number that one of its children got by
 * ending, `flow#number` to the id of each, and the flow with that id
 * behind to that number, how it ended, its name and, on a new line, its note. `tags` orders, for
 * each tag of a job, `tag addedAt` of 16 digits with the id behind. Ids come with a `=`
 * before them, so that none is JSON.
 *
 * `events` is a stream whose entries have `number-0` as their id, without a gap, and one field:
 * `type attempt at`, the name as JSON and the id, on a line each.
 */
export const LAYOUT_LUA: string = lua`
local JOBS, BODIES, NOTES, META, DEDUP, DEDUP_ENDS, TURNS, GROUPS, CHILDREN, EVENTS = unpack(KEYS, 1, 10)
local SETS, TAGS = { ${SETS} }, KEYS[${QUEUE_PARTS.length}]
local FACTS = '^(%a) (%S+) (%d+) (%d+) (%d) (%S+) (.*)$'
-- The same of a job that has nothing more.
local PLAIN_FACTS = '^(%a) (%d+)(/?%d*) (%d+) (%d+) ([01]) (%S+) (.*)$'
local TERMS = '^(%d+) (%S+) (%S+) (%S+) %d+ (%S*)$'
local SOUND_TERMS = '^%d+ %d+/?%d* %d+/?%d* %d+/?%d* %d+ %S*$'
local MORE = '^(.*) (%S*) (%d+) (%S*) (%d+) (%d) (%d+) (%d+)$'

-- Whether a record is only still there because no exchange has dropped it since its time was over.
local FORGETFUL = { c = true, d = true, x = true }
local function isForgotten(state, member)
  return FORGETFUL[state] and tonumber(redis.call('ZSCORE', SETS[state], member) or math.huge) <= now
end
local function countForgotten(state)
  return FORGETFUL[state] and redis.call('ZCOUNT', SETS[state], '-inf', nowText) or 0
end

-- Whether the text is a body as jobs have it, as far as can be seen without decoding it.
local BODY = '^=%[[^\n]*\n'
local function isBody(text) return text and string.find(text, BODY) end
-- The name in a body, as JSON.
local function nameIn(body)
  return isBody(body) and string.sub(body, 3, string.find(body, '\n', 1, true) - 2) or '""'
end

local function idsOf(members)
  local ids = {}
  for index = 1, #members do ids[index] = string.sub(members[index], 17) end
  return ids
end
`
