import { LAYOUT_LUA } from './job-layout.ts'
import { createScript, lua, type RedisScript } from './script.ts'

/** ARGV: offset, ms → nothing; for that long the other scripts say which jobs have ended. */
export const watchEndsScript: RedisScript = createScript(
  LAYOUT_LUA +
    lua`
redis.call('HSET', META, 'watched', digits(now + tonumber(ARGV[2])))
if redis.call('HLEN', META) == 1 then redis.call('PEXPIRE', META, ARGV[2]) end
return {}
`,
)
