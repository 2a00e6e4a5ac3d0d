import { lua } from './script.ts'

/**
 * The twin of `ports/rate-limit-store/algorithms`, by one letter each. A state is a list of what
 * the algorithm encodes; `p` are the limit's parameters, `c` its cost.
 *
 * GCRA alone has no instant in its state: the key's lifetime was the time until full when it was
 * written, so what is missing of it has passed. Its text is `used[/rate][b booked][@ offset]`. For
 * the same reason its receipts say how long the operation's hash had to live: lifetimes are read by
 * one clock, and `TIME` by another, which may be a ms ahead. Before Redis 7.2 that clock goes on
 * during a script, so a receipt gets its first number (`stamped`) after its state was written, and
 * is read before it: never is more earned back by the receipt than by the state.
 */
export const ALGORITHMS_LUA: string = lua`
local call, floor, max, min = redis.call, math.floor, math.max, math.min
local function up(a, b) return (a + (-a) % b) / b end
local function passed(at) return max(now - at, 0) end
local function product(a, b, c)
  local rest, quotient = 0, 0
  for shift = 51, 0, -17 do
    local value = rest * 131072 + floor(a / 2 ^ shift) % 131072 * b
    rest = value % c
    quotient = quotient * 131072 + (value - rest) / c
  end
  return rest > 0 and quotient + 1 or quotient
end
local function list(text, named)
  local all, at = {}, 0
  for part in string.gmatch(text, '%S+') do
    at = at + 1
    all[at] = named and at > 1 and at % 3 == 1 and part or tonumber(part)
  end
  return all
end
local function joined(state)
  local texts = {}
  for at, part in ipairs(state) do
    texts[at] = type(part) == 'number' and digits(part) or part
  end
  return table.concat(texts, ' ')
end
local function stamped(receipt)
  if receipt[1] == false then
    receipt[1] = (isNew and remember or call('PTTL', record)) - offset
  end
  return receipt
end
local function shared(c, p, used) return c == 0 or used + c <= p[1] end
local A = {}

A.g = {
  read = function(key)
    local text = call('GET', key)
    if not text then return end
    local used, rate, booked, moved = string.match(text, '^(%d+)/?(%d*)b?(%d*)@?(-?%d*)$')
    used, rate = tonumber(used), tonumber(rate) or 1
    local left = call('PTTL', key)
    local age = up(used, rate) - left + offset - (tonumber(moved) or 0)
    return { now - age, used, rate, tonumber(booked) or 0 }, text .. ' ' .. left
  end,
  advance = function(p, s)
    if not s then return { now, 0 } end
    local left = max(s[2] - passed(s[1]) * s[3], 0)
    if s[3] ~= p[2] then left = math.ceil(left / s[3] * p[2]) end
    if (s[3] ~= p[2] or s[4] ~= p[3]) and left > p[3] then return { now, p[3] }, true end
    return { now, left }
  end,
  admits = function(p, s, c) return shared(c * p[4], p, max(s[2], p[5] or 0)) end,
  charge = function(p, s, c) s[2] = max(s[2], p[5] or 0) + c * p[4] end,
  rest = function(p, s) return up(s[2], p[2]) end,
  encode = function(p, s)
    return digits(s[2]) .. (p[2] == 1 and '' or '/' .. digits(p[2]))
      .. (s[2] > p[3] and 'b' .. digits(p[3]) or '') .. (offset == 0 and '' or '@' .. digits(offset))
  end,
  receipt = function(p, s, c) return { false, s[2], p[2], p[4], c * p[4] } end,
  settle = function(p, s, c, r)
    local function here(span) return r[3] == p[2] and span or floor(span / r[3] * p[2]) end
    local wanted = c * r[4]
    if wanted > r[5] then
      local used = max(min(s[2] + here(wanted - r[5]), p[3]), s[2])
      r = { false, used, p[2], p[4], here(r[5]) + used - s[2] }
      s[2] = used
      return r
    end
    local age = max(r[1] - recordLeft + offset, 0)
    local back = min(r[5] - wanted, max(r[2] - age * r[3], 0))
    s[2] = max(s[2] - here(back), 0)
    return { r[1], r[2] - back, r[3], r[4], wanted }
  end,
}

local function window(used) return {
  admits = function(p, s, c) return shared(c, p, used(s)) end,
  charge = function(p, s, c) s[3] = s[3] + c end,
  receipt = function(p, s) return { s[1] + s[2] } end,
} end

A.f = window(function(s) return s[3] end)
A.f.advance = function(p, s)
  local left = s and s[2] - passed(s[1]) or 0
  if left <= 0 then return { now, p[2] - now % p[2], 0 } end
  return { now, min(left, p[2]), min(s[3], p[3]) }, left > p[2]
end
A.f.rest = function(p, s) return s[3] == 0 and 0 or s[2] end
A.f.settle = function(p, s, c, r, taken)
  local same = s[1] + s[2] == r[1]
  if c <= taken then
    if same then s[3] = s[3] - min(taken - c, s[3]) end
    return r, c
  end
  local used = max(min(s[3] + c - taken, p[3]), s[3])
  local more = used - s[3]
  s[3] = used
  return { s[1] + s[2] }, same and taken + more or more
end

local function weight(s)
  if s[4] == 0 then return s[3] end
  return s[3] + product(s[4], s[2], s[5])
end
A.s = window(weight)
A.s.advance = function(p, s)
  local unused = { now, p[2] - now % p[2], 0, 0, p[2] }
  if not s then return unused end
  local rest = s[2] - passed(s[1])
  if rest <= 0 then
    rest = rest + s[5]
    if rest <= 0 then return unused end
    s = { now, rest, 0, s[3], s[5] }
  else
    s = { now, rest, s[3], s[4], s[5] }
  end
  s[3], s[4] = min(s[3], p[3]), min(s[4], p[3])
  if s[5] == p[2] then return s end
  unused[3] = min(weight(s), p[3])
  return unused, true
end
A.s.rest = function(p, s) return s[3] > 0 and s[2] + p[2] or s[4] > 0 and s[2] or 0 end
A.s.settle = function(p, s, c, r, taken)
  local last = s[1] + s[2]
  if c <= taken then
    if last == r[1] then s[3] = max(s[3] - taken + c, 0) end
    if last - s[5] == r[1] then s[4] = max(s[4] - taken + c, 0) end
    return r, c
  end
  local more = max(min(c - taken, p[3] - weight(s)), 0)
  s[3] = s[3] + more
  return { last }, last == r[1] and taken + more or more
end

local function logged(s)
  local sum = 0
  for at = 3, #s, 2 do sum = sum + s[at] end
  return sum
end
local function log(s, c)
  if #s > 1 and s[#s - 1] == 0 then
    s[#s] = s[#s] + c
  else
    s[#s + 1] = 0
    s[#s + 1] = c
  end
end
A.l = {
  advance = function(p, s)
    local next = { now }
    for at = 2, s and #s or 0, 2 do
      local age = s[at] + passed(s[1])
      if age < p[2] then
        next[#next + 1] = age
        next[#next + 1] = s[at + 1]
      end
    end
    return next
  end,
  admits = function(p, s, c) return shared(c, p, logged(s)) end,
  charge = function(p, s, c) log(s, c) end,
  rest = function(p, s) return #s == 1 and 0 or p[2] - s[#s - 1] end,
  receipt = function(p, s, c) return { now, c } end,
  settle = function(p, s, c, r, taken)
    local back = taken - c
    if back < 0 then
      local more = max(min(-back, p[3] - logged(s)), 0)
      if more > 0 then
        log(s, more)
        r[#r + 1], r[#r + 2] = now, more
      end
      return r, taken + more
    end
    while back > 0 and #r > 0 do
      local given = min(r[#r], back)
      back = back - given
      for at = 2, #s, 2 do
        if now - s[at] == r[#r - 1] then s[at + 1] = s[at + 1] - given end
      end
      r[#r] = r[#r] - given
      if r[#r] == 0 then r[#r], r[#r - 1] = nil, nil end
    end
    for at = #s - 1, 2, -2 do
      if s[at + 1] <= 0 then
        table.remove(s, at)
        table.remove(s, at)
      end
    end
    return r, c
  end,
}

A.c = {
  advance = function(p, s)
    local from, to
    for at = 4, #p - 1 do
      if p[at] <= now and now < p[at + 1] then from, to = p[at], p[at + 1] end
    end
    if not from then return end
    if not s or now >= s[2] then return { from, to, 0 } end
    local used = min(s[3], p[3])
    if now < s[1] and s[1] - now <= s[2] - s[1] then return { s[1], s[2], used } end
    return { from, to, used }, s[1] ~= from or s[2] ~= to
  end,
  admits = function(p, s, c) return shared(c, p, s[3]) end,
  charge = function(p, s, c) s[3] = s[3] + c end,
  rest = function(p, s) return s[3] == 0 and 0 or s[2] - now end,
  receipt = function(p, s) return { s[2] } end,
  settle = function(p, s, c, r, taken)
    local same = s[2] == r[1]
    if c <= taken then
      if same then s[3] = s[3] - min(taken - c, s[3]) end
      return r, c
    end
    local used = max(min(s[3] + c - taken, p[3]), s[3])
    local more = used - s[3]
    s[3] = used
    return { s[2] }, same and taken + more or more
  end,
}

local function held(s)
  for at = 4, #s, 3 do
    if s[at] == operation then return at end
  end
end
A.h = {
  advance = function(p, s)
    local next = { now }
    for at = 2, s and #s or 0, 3 do
      local rest = s[at] - passed(s[1])
      if rest > 0 then
        for step, part in ipairs({ rest, s[at + 1], s[at + 2] }) do next[#next + 1] = part end
      end
    end
    return next
  end,
  admits = function(p, s, c)
    local used = 0
    for at = 3, #s, 3 do used = used + s[at] end
    return held(s) ~= nil or shared(c, p, used)
  end,
  charge = function(p, s, c)
    local at = held(s)
    if at then
      c = s[at - 1]
      for step = 1, 3 do table.remove(s, at - 2) end
    end
    for step, part in ipairs({ p[2], c, operation }) do s[#s + 1] = part end
  end,
  rest = function(p, s)
    local most = 0
    for at = 2, #s, 3 do most = max(most, s[at]) end
    return most
  end,
  holds = held,
  settle = function(p, s, c)
    local at = held(s)
    if c > 0 then
      s[at - 1] = c
    else
      for step = 1, 3 do table.remove(s, at - 2) end
    end
  end,
}

A.b = {
  advance = function(p, s)
    if not s then return { now, 0, 0, 0, 0, 0 } end
    local gone = passed(s[1])
    local windowRest, forgetRest = max(s[2] - gone, 0), max(s[6] - gone, 0)
    return {
      now, windowRest, windowRest == 0 and 0 or s[3], max(s[4] - gone, 0),
      forgetRest == 0 and 0 or s[5], forgetRest,
    }
  end,
  admits = function(p, s) return s[4] == 0 end,
  charge = function(p, s, c)
    if s[3] + c < p[1] then
      if s[3] == 0 then s[2] = p[2] end
      s[3] = s[3] + c
    else
      s[4] = min(p[3] * 2 ^ s[5], p[4])
      s[2], s[3], s[5], s[6] = 0, 0, min(s[5] + 1, 50), s[4] + p[5]
    end
  end,
  rest = function(p, s) return max(s[2], s[6]) end,
  receipt = function() return {} end,
}

local function open(key, letter)
  local kind = A[letter]
  if kind.read then return kind.read(key) end
  local text = call('GET', key)
  if not text then return nil, '' end
  return list(text, kind.holds), text
end
local function put(key, letter, p, s)
  local rest = A[letter].rest(p, s)
  if rest == 0 then
    call('DEL', key)
  else
    call('SET', key, A[letter].encode and A[letter].encode(p, s) or joined(s), 'PX', digits(rest))
  end
end
local limits = {}
local at, index = 5, 0
while at < #ARGV do
  index = index + 1
  local p, size = {}, tonumber(ARGV[at + 3])
  for step = 1, size do p[step] = tonumber(ARGV[at + 3 + step]) end
  local letter = ARGV[at]
  local s, text = open(KEYS[index], letter)
  local stepped = s and letter ~= 'c' and s[1] > now
  local state, cut = A[letter].advance(p, s)
  limits[index] = {
    letter = letter, field = ARGV[at + 1], cost = tonumber(ARGV[at + 2]), p = p,
    kind = A[letter], text = text or '', stale = stepped or cut, s = state,
  }
  at = at + 4 + size
end
`
