/**
 * Lua: what a call begins and ends with. One channel's state is a hash (`channel`), its messages a stream whose entries
 * have the offset as their id and the fields
 *
 *     t time · b bytes ever appended before it · z its bytes · g tag of the call that appended it · m record · [k key · [d 1]]
 *
 * Numbers that are joined to texts go through `whole`: Lua would write large ones as 1e+15.
 */
export const STATE: string = `
local LIFE, CHANNEL, STREAM, NEWEST, REST, KEYS_NOW, KEYS_BEFORE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local op, fresh, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local function bound(text) local n = tonumber(text) if n < 0 then return math.huge end return n end
local maxMessages, maxBytes, maxAge, compact = bound(ARGV[4]), bound(ARGV[5]), bound(ARGV[6]), ARGV[7] == '1'
local knownEpoch, knownOffset, knownTag = ARGV[8], tonumber(ARGV[9]), ARGV[10]
local PUBLISH, TOPIC = ARGV[11], ARGV[12]
local ARGS = 12

local function whole(n) if n == math.huge then return '-1' end return string.format('%.0f', n) end
local function time(text) local n = tonumber(text) if n == -1 then return math.huge end return n end

-- The life of this part of the keys: gone with them, and then another one.
local life = redis.call('GET', LIFE)
if not life then life = fresh redis.call('SET', LIFE, life) end

-- c: the channel. mode is 'p' (plain), 'c' (compact) or 'b' (bounded: was compact).
local c
do
  local v = redis.call('HMGET', CHANNEL, 'e', 'h', 'a', 'tb', 'ao', 'ab', 'at', 'g', 's', 'vc', 'vb', 'rc', 'rb', 'rs')
  if v[1] then
    c = { e = v[1], h = tonumber(v[2]), a = tonumber(v[3]), tb = tonumber(v[4]), ao = tonumber(v[5]),
      ab = tonumber(v[6]), at = time(v[7]), g = v[8], mode = v[9], exists = true }
    if c.mode ~= 'p' then
      c.vc, c.vb, c.rc, c.rb, c.rs = tonumber(v[10]), tonumber(v[11]), tonumber(v[12]), tonumber(v[13]), tonumber(v[14])
    end
  else
    c = { e = life, h = 0, a = 1, tb = 0, ao = 1, ab = 0, at = math.huge, g = '', mode = 'p', exists = false }
  end
end
local isDirty, isReset = false, false

local function idOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
local function entryAt(offset) return redis.call('XRANGE', STREAM, offset, offset)[1] end
local function emptyAnchor() c.ao, c.ab, c.at = c.h + 1, c.tb, math.huge end

local function begin()
  if c.exists then return end
  -- What may be left of a channel whose hash somebody deleted.
  redis.call('UNLINK', STREAM, NEWEST, REST)
  c.exists = true
  if compact then c.mode, c.vc, c.vb, c.rc, c.rb, c.rs = 'c', 0, 0, 0, 0, 0 end
end

-- Messages that were there are not: another epoch, so that every reader is told.
local function reset()
  begin()
  c.e, isDirty, isReset = fresh, true, true
end

-- What the caller saw last, compared with what is here: an engine that lost its end may have given the offsets out again.
if knownEpoch == c.e and knownOffset > 0 then
  local isLost = c.h < knownOffset
  if isLost or knownTag == '' then
  elseif knownOffset == c.h then isLost = c.g ~= knownTag
  elseif knownOffset >= c.a then
    local entry = entryAt(knownOffset)
    if entry then isLost = entry[2][8] ~= knownTag else isLost = c.mode == 'p' end
  end
  if isLost then reset() end
end

local function save()
  if not isDirty then return end
  redis.call('HSET', CHANNEL, 'e', c.e, 'h', c.h, 'a', c.a, 'tb', c.tb, 'ao', c.ao, 'ab', c.ab, 'at', whole(c.at), 'g', c.g, 's', c.mode)
  if c.mode ~= 'p' then redis.call('HSET', CHANNEL, 'vc', c.vc, 'vb', c.vb, 'rc', c.rc, 'rb', c.rb, 'rs', c.rs) end
end

local function header(first, count, isInline)
  return table.concat({ c.e, whole(first), whole(count), whole(now), whole(c.a), whole(c.h), c.g, isInline }, ' ') .. '\\n'
end
local function state()
  -- When the oldest message that may go by its age was appended, or earlier.
  local oldest = c.at
  if c.mode ~= 'p' then oldest = c.rc > 0 and (c.oldest or 0) or math.huge end
  return { c.e, c.h, c.a, c.mode == 'p' and -1 or c.rs, c.g, oldest == math.huge and -1 or oldest }
end
`;
