import { ADD_BATCH_LUA } from './add-batch.ts'
import { STATE_MACHINE_LUA } from './job-state-machine.ts'
import { createScript, lua, type RedisScript } from './script.ts'

/**
 * ARGV: offset, then nine arguments a job as {@link ADD_BATCH_LUA} takes them → the wake, then of
 * each job `+`, `-` when its parent was not added, or the id that was there before, after a `*`
 * when replaced.
 */
export const addJobsScript: RedisScript = createScript(
  STATE_MACHINE_LUA +
    ADD_BATCH_LUA +
    lua`
local reply = addBatch(2, #ARGV)
flush()
if next(bounds) then dropExcess() end
saveMeta(true)
saveEvents()
sayEnds()
reply[1] = wakeIn(redis.call('ZCARD', SETS.r) > 0, math.min(headOf('s'), headOf('a')))
if woken then wake(reply[1]) end
return reply
`,
)
