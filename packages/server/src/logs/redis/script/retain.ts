/**
 * Lua: where retention puts the beginning. Of a plain channel the beginning moves exactly, and the stream behind it is
 * freed by whole nodes; counting needs no look at a message, and bytes and age need one only where the anchor (what is
 * known of one offset at or below the beginning) does not already say that all is kept. Of a channel with keys the
 * stream holds what is held and nothing else.
 */
export const RETAIN: string = `
local function isKept(before, at) return c.tb - before <= maxBytes and now - at <= maxAge end

local function locate(offset)
  local entry = entryAt(offset)
  if not entry then return nil end
  return { tonumber(entry[2][4]), tonumber(entry[2][2]) }
end

-- The stream does not hold what it should: somebody has deleted it, or Redis evicted it.
local function broken(from)
  reset()
  local first = redis.call('XRANGE', STREAM, from, '+', 'COUNT', 1)[1]
  if first then c.a, c.ao, c.ab, c.at = idOf(first), idOf(first), tonumber(first[2][4]), tonumber(first[2][2])
  else c.a = c.h + 1 emptyAnchor() end
end

-- Steps get longer until one lands on what is kept, then halve: usually only a few messages go at a time.
local function firstKept(dropped)
  local below, above, step = dropped, c.h + 1, 1
  local function isKeptAt(offset) local at = locate(offset) return at and isKept(at[1], at[2]) end
  while below + step < above do
    if isKeptAt(below + step) then above = below + step else below = below + step end
    step = step * 2
  end
  while above - below > 1 do
    local middle = below + math.floor((above - below) / 2)
    if isKeptAt(middle) then above = middle else below = middle end
  end
  return above
end

local function retainPlain()
  local earliest = math.max(c.a, c.h - maxMessages + 1)
  if earliest <= c.h and not isKept(c.ab, c.at) then
    if c.ao ~= earliest then
      local at = locate(earliest)
      if not at then broken(earliest) return retainPlain() end
      c.ao, c.ab, c.at, isDirty = earliest, at[1], at[2], true
    end
    if not isKept(c.ab, c.at) then
      earliest = firstKept(earliest)
      if earliest <= c.h then
        local at = locate(earliest)
        c.ao, c.ab, c.at, isDirty = earliest, at[1], at[2], true
      end
    end
  end
  if earliest > c.h and c.ao <= c.h then emptyAnchor() isDirty = true end
  if earliest == c.a then return end
  c.a, isDirty = earliest, true
  if earliest > c.h then redis.call('UNLINK', STREAM)
  else redis.call('XTRIM', STREAM, 'MINID', '~', earliest) end
end

local function restMember(offset, at, bytes, key)
  return whole(offset) .. ' ' .. whole(at) .. ' ' .. whole(bytes) .. ' ' .. (key and ('k' .. key) or '-')
end
local function newestOf(key)
  local found = redis.call('HGET', NEWEST, key)
  if not found then return nil end
  local offset, at, bytes, isDeletion = string.match(found, '^(%d+) (%d+) (%d+) (%d)$')
  return tonumber(offset), tonumber(at), tonumber(bytes), isDeletion == '1'
end

-- Counts a message that is in the stream, and lets the one go that it stands for now.
local function supersede(offset, at, bytes, key, isDeletion)
  if key then
    local old, oldAt, oldBytes, wasDeletion = newestOf(key)
    if old then
      redis.call('XDEL', STREAM, old)
      if wasDeletion then
        c.rc, c.rb = c.rc - 1, c.rb - oldBytes
        redis.call('ZREM', REST, restMember(old, oldAt, oldBytes, key))
      else c.vc, c.vb = c.vc - 1, c.vb - oldBytes end
    end
    redis.call('HSET', NEWEST, key, whole(offset) .. ' ' .. whole(at) .. ' ' .. whole(bytes) .. ' ' .. (isDeletion and '1' or '0'))
  end
  if key and not isDeletion then c.vc, c.vb = c.vc + 1, c.vb + bytes
  else
    c.rc, c.rb = c.rc + 1, c.rb + bytes
    redis.call('ZADD', REST, offset, restMember(offset, at, bytes, key))
  end
end

-- All that is held, at once: a policy changes rarely.
local function becomeCompact()
  if c.mode == 'p' then
    c.rs = c.a - 1
    redis.call('XTRIM', STREAM, 'MINID', c.a)
  end
  redis.call('UNLINK', NEWEST, REST)
  c.mode, c.vc, c.vb, c.rc, c.rb, isDirty = 'c', 0, 0, 0, 0, true
  local from = c.a
  while true do
    local entries = redis.call('XRANGE', STREAM, from, '+', 'COUNT', 100)
    if #entries == 0 then return end
    for _, entry in ipairs(entries) do
      local f = entry[2]
      supersede(idOf(entry), tonumber(f[2]), tonumber(f[6]), f[12], f[14] == '1')
    end
    from = idOf(entries[#entries]) + 1
  end
end

local function becomeBounded()
  redis.call('UNLINK', NEWEST, REST)
  c.mode, c.rc, c.rb, c.vc, c.vb, isDirty = 'b', c.rc + c.vc, c.rb + c.vb, 0, 0, true
end

local function dropRest(offset, bytes)
  redis.call('XDEL', STREAM, offset)
  c.rc, c.rb, isDirty = c.rc - 1, c.rb - bytes, true
  if offset > c.rs then c.rs = offset end
end
local function isRestKept(at) return c.rc <= maxMessages and c.rb <= maxBytes and now - at <= maxAge end

local function retainCompact()
  while c.rc > 0 do
    local member = redis.call('ZRANGE', REST, 0, 0)[1]
    if not member then c.rc, c.rb = 0, 0 return reset() end
    local offset, at, bytes, keyed, key = string.match(member, '^(%d+) (%d+) (%d+) (.)(.*)$')
    offset = tonumber(offset)
    c.oldest = tonumber(at)
    if isRestKept(c.oldest) then return end
    redis.call('ZREM', REST, member)
    if keyed == 'k' and newestOf(key) == offset then redis.call('HDEL', NEWEST, key) end
    dropRest(offset, tonumber(bytes))
  end
end

local function retainBounded()
  while c.rc > 0 do
    local entry = redis.call('XRANGE', STREAM, '-', '+', 'COUNT', 1)[1]
    if not entry then c.rc, c.rb, c.a = 0, 0, c.h + 1 return reset() end
    c.oldest = tonumber(entry[2][2])
    if isRestKept(c.oldest) then return end
    dropRest(idOf(entry), tonumber(entry[2][6]))
    c.a = idOf(entry) + 1
  end
end

-- The channel as its retention wants it kept.
local function retain()
  if not c.exists then return end
  if compact and c.mode ~= 'c' then becomeCompact() end
  if not compact and c.mode == 'c' then becomeBounded() end
  if c.mode == 'p' then retainPlain() elseif c.mode == 'c' then retainCompact() else retainBounded() end
end
`;
