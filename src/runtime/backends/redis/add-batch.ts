import { lua } from './script.ts'

/**
 * Adds jobs, on top of the state machine. Of each job `ARGV` has id, body, `priority maxAttempts
 * keepCompleted keepDead`, priority, `1` for lifo, delay in ms, deduplication id or nothing, its
 * lifetime in ms or 0, and nothing or, each `0` or `1`, whether it replaces, extends, is kept as
 * the last and has children, then ` group limit parent failsParent spareId` and,
 * where it has any, its tags after a ` =`, with a comma between two.
 */
export const ADD_BATCH_LUA: string = lua`
local PLAIN = {}
local function moreOf(text)
  local replaces, extends, keeps, blocked, group, limit, parent, fails, spare, tags =
    string.match(text, '^(%d)(%d)(%d)(%d) (%S*) (%d+) (%S*) (%d) (%S*) ?(%S*)$')
  local more = {
    replaces = replaces == '1', extends = extends == '1', keeps = keeps == '1', blocked = blocked == '1',
    group = group ~= '' and group or nil, limit = tonumber(limit), parent = parent ~= '' and parent or nil,
    fails = fails == '1', spare = '=' .. spare, tags = tags
  }
  more.special = more.blocked or group ~= '' or parent ~= ''
  return more
end

-- Drops the records of ids whose time is over.
local function forget(ids)
  load(ids)
  local forgotten = false
  for _, id in ipairs(ids) do
    local job = known[id]
    local rank = job and job.home and redis.call('ZSCORE', SETS[job.home], job.homeSeq .. id)
    if job and job.home and not rank then
      -- A step that was cut short wrote it and never let it stand anywhere.
      known[id] = false
    elseif rank and FORGETFUL[job.state] and job.state == job.home and tonumber(rank) <= now then
      forgotten = true
      remove(job)
    end
  end
  if forgotten then flush() end
end

local function encodeId(id)
  return (string.gsub(string.sub(id, 2), "[^%w%-_.!~*'()]", function(char) return string.format('%%%02X', string.byte(char)) end))
end

-- Makes a parent wait for the job that holds the id of a child, unless that has ended; true when it ended in a way that makes the parent dead.
local function adopt(parent, id, body, fails)
  -- Changes that are not written yet would be read as they were.
  if find(id) and isForgotten(known[id].state, known[id].seq .. id) then forget({ id }) end
  local holder = find(id)
  if not holder then
    -- What a deduplication outlives: it has ended, nobody knows how.
    noteChild(parent, id, 'g', string.sub(body, 3, string.find(body, '\n', 1, true) - 2), '')
    return false
  end
  local ties, encoded = {}, encodeId(parent.id)
  for _, tie in ipairs(holder.parents or {}) do
    local other = findParent(tie)
    if other == parent then return false end
    if other then ties[#ties + 1] = tie end
  end
  ties[#ties + 1] = { parent = encoded, flow = parent.flow, fails = fails }
  if not holder.more then holder.more, holder.limit, holder.flow, holder.pending = true, 1, '0', 0 end
  holder.parents = ties
  touch(holder)
  if not hasEnded(holder.state) then
    parent.pending = parent.pending + 1
    return false
  end
  noteChild(parent, id, holder.state, nameOf(id), noteOf(holder, holder.state == 'c' and 'r' or 'e'))
  return holder.state ~= 'c' and fails
end

-- Those of ARGV from first to last, whose root, if any, is the parent of those that name none.
local function addBatch(first, last, root)
  local ids = {}
  for at = first, last, 9 do ids[#ids + 1] = ARGV[at] end
  forget(ids)
  -- Those of the batch that wait for others of it, with their delays.
  local parents, delays, failed, reply = {}, {}, {}, { '' }
  for index, id in ipairs(ids) do
    local at = first + index * 9 - 9
    local body, terms, priority, lifo = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4] == '1'
    local delay, dedup, ttl, more = tonumber(ARGV[at + 5]), ARGV[at + 6], tonumber(ARGV[at + 7]), ARGV[at + 8] == '' and PLAIN or moreOf(ARGV[at + 8])
    local parent = root
    if more.parent then parent = parents[idOfEncoded(more.parent)] end
    local holder, ends = known[id] and id, nil
    if more.parent and not parent then
      reply[index + 1] = '-'
    else
      if not holder and dedup ~= '' then
        holder, ends = holderOf(dedup)
        if holder and ends and more.extends and ttl > 0 then hold(dedup, holder, ttl) end
        if holder and not ends and more.keeps and holder ~= more.spare then
          local job = find(holder)
          if job and job.state == 'a' then
            note(job, 'f', table.concat({
              more.spare, ARGV[at + 4], ARGV[at + 5], dedup, more.group or '', more.limit, terms
            }, ' ') .. '\n' .. body)
            note(job, 'g', more.tags)
            touch(job)
          end
        end
      end
      if not holder then
        if parent and more == PLAIN then more = { limit = 1, fails = true } end
        if parent then more.parents = { { parent = more.parent or encodeId(parent.id), flow = parent.flow, fails = more.fails } } end
        local job = insert(id, body, terms, priority, lifo, delay, dedup, ttl, (more.special or parent) and more or nil, more.tags)
        if more.blocked then
          parents[id] = job
          delays[id] = delay
        end
        if parent then parent.pending = parent.pending + 1 end
        reply[index + 1] = '+'
      else
        local job = more.replaces and find(holder)
        local replaced = job and isWaiting(job.state)
        if replaced then
          replace(job, body, terms, priority, lifo, delay)
          setTags(job, more.tags or '')
        end
        reply[index + 1] = replaced and '*' .. holder or holder
        if parent and adopt(parent, holder, body, more == PLAIN or more.fails) then failed[parent] = true end
      end
    end
  end
  -- In the order in which they were added, so that the first comes first into its group.
  for _, id in ipairs(next(parents) and ids or {}) do
    local job = parents[id]
    if job and job.pending == 0 and not failed[job] then
      if delays[id] > 0 then
        move(job, 's', digits(now + delays[id]))
      else
        makeReady(job)
      end
      parents[id] = nil
    end
  end
  -- Whose end is told must be there to be read.
  if next(failed) then flush() end
  for _, id in ipairs(next(failed) and ids or {}) do
    local job = parents[id]
    if job and failed[job] then
      failed[job] = nil
      job.pending = job.pending + 1
      if not job.gone then childEnded(job, true) end
    end
  end
  return reply, failed[root or PLAIN]
end
`
