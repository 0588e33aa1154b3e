import { IDEMPOTENCY_MS } from "@tidings/protocol";

/** Lua: what a call does. Several appends of one channel share a call; each is checked on what those before it left. */
export const OPERATIONS: string = `
local function recall(key)
  for _, hash in ipairs({ KEYS_NOW, KEYS_BEFORE }) do
    local found = redis.call('HGET', hash, key)
    if found then
      local offset, untilMs = string.match(found, '^(%d+) (%d+)$')
      if tonumber(untilMs) > now then return tonumber(offset) end
    end
  end
  return nil
end

local function checkRoom(messages)
  local count, bytes, sizes = c.vc or 0, c.vb or 0, {}
  for _, message in ipairs(messages) do
    local key = message.key
    if key then
      local old = sizes[key]
      if not old then
        local _, _, oldBytes, wasDeletion = newestOf(key)
        old = (oldBytes and not wasDeletion) and oldBytes or 0
      end
      local size = message.isDeletion and 0 or message.bytes
      sizes[key] = size
      bytes = bytes + size - old
      count = count + (size > 0 and 1 or 0) - (old > 0 and 1 or 0)
    end
  end
  if count > maxMessages and count > (c.vc or 0) then return 'messages' end
  if bytes > maxBytes and bytes > (c.vb or 0) then return 'bytes' end
  return nil
end

local function add(message, tag)
  c.h = c.h + 1
  if c.h == c.a then c.ao, c.ab, c.at = c.h, c.tb, now end
  local fields = { 'XADD', STREAM, c.h, 't', now, 'b', c.tb, 'z', message.bytes, 'g', tag, 'm', message.record }
  if message.key then fields[14], fields[15] = 'k', message.key end
  if message.isDeletion then fields[16], fields[17] = 'd', 1 end
  redis.call(unpack(fields))
  c.tb, c.g, isDirty = c.tb + message.bytes, tag, true
  if c.mode == 'c' then supersede(c.h, now, message.bytes, message.key, message.isDeletion)
  elseif c.mode == 'b' then c.rc, c.rb = c.rc + 1, c.rb + message.bytes end
end

local function some(text) if text == '' then return nil end return text end

-- A flat list for one append: 'ok', offset, how many, the first's offset, and the places in the batch of repeats; or why not.
local function append(at, tag, told)
  local whole_, ifOffset, ifEpoch, count = some(ARGV[at]), some(ARGV[at + 1]), some(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local next = at + 4 + count * 5
  local repeated = whole_ and recall(whole_)
  if repeated then return { 'ok', repeated, 0, 0 }, next end
  local messages, keys, order, repeats, head, offset = {}, {}, {}, {}, c.h, c.h
  for i = 0, count - 1 do
    local from = at + 4 + i * 5
    local idempotency, key, flags = some(ARGV[from]), ARGV[from + 1], ARGV[from + 2]
    local first = idempotency and (keys[idempotency] or recall(idempotency))
    if first then
      offset = first
      repeats[#repeats + 1] = i
    else
      head = head + 1
      offset = head
      messages[#messages + 1] = { key = flags ~= '-' and key or nil, isDeletion = flags == 'd',
        bytes = tonumber(ARGV[from + 3]), record = ARGV[from + 4] }
      if idempotency then
        keys[idempotency] = offset
        order[#order + 1] = idempotency
      end
    end
  end
  if #messages > 0 then
    if (ifOffset and tonumber(ifOffset) ~= c.h) or (ifEpoch and ifEpoch ~= c.e) then return { 'conflict', c.e, c.h }, next end
    local full = compact and checkRoom(messages)
    if full then return { 'full', full }, next end
  end
  if whole_ and count > 0 then
    keys[whole_] = offset
    order[#order + 1] = whole_
  end
  local first = c.h + 1
  if #messages > 0 then begin() end
  for _, message in ipairs(messages) do
    add(message, tag)
    told[#told + 1] = message.record
  end
  if #order > 0 then
    local untilMs = whole(now + ${IDEMPOTENCY_MS})
    for _, key in ipairs(order) do redis.call('HSET', KEYS_NOW, key, whole(keys[key]) .. ' ' .. untilMs) end
    -- By Redis' own clock, and three windows long: the time that counts is the one beside the offset.
    redis.call('PEXPIRE', KEYS_NOW, ${3 * IDEMPOTENCY_MS})
  end
  if c.mode == 'c' then retainCompact() end
  local answer = { 'ok', offset, #messages, first }
  for _, place in ipairs(repeats) do answer[#answer + 1] = place end
  return answer, next
end

local function tell(told, maxInline)
  if PUBLISH == '' then return end
  local bytes = 0
  for _, record in ipairs(told) do bytes = bytes + #record end
  local isInline = bytes <= maxInline
  local parts = { header(c.h - #told + 1, #told, isInline and '1' or '0') }
  if isInline then
    for _, record in ipairs(told) do
      parts[#parts + 1] = struct.pack('>I4', #record)
      parts[#parts + 1] = record
    end
  end
  redis.call(PUBLISH, TOPIC, table.concat(parts))
end

local operations = {}

function operations.append()
  local tag, maxInline, count = ARGV[ARGS + 1], tonumber(ARGV[ARGS + 2]), tonumber(ARGV[ARGS + 3])
  local at, told, answers = ARGS + 4, {}, {}
  retain()
  for i = 1, count do answers[i], at = append(at, tag, told) end
  retain()
  if #told > 0 then
    isReset = false
    tell(told, maxInline)
  end
  return answers
end

operations['state'] = function() retain() return {} end

function operations.describe()
  retain()
  if c.mode ~= 'p' then return { c.rc + c.vc, c.rb + c.vb } end
  if c.a > c.h then return { 0, 0 } end
  if c.ao ~= c.a then
    local at = locate(c.a)
    if not at then broken(c.a) return { math.max(0, c.h - c.a + 1), c.tb - c.ab } end
    c.ao, c.ab, c.at, isDirty = c.a, at[1], at[2], true
  end
  return { c.h - c.a + 1, c.tb - c.ab }
end

function operations.read()
  retain()
  local after, most, mostBytes = tonumber(ARGV[ARGS + 1]), bound(ARGV[ARGS + 2]), bound(ARGV[ARGS + 3])
  local page, bytes, from, step = {}, 0, math.max(after + 1, c.a), 8
  while from <= c.h do
    local entries = redis.call('XRANGE', STREAM, from, '+', 'COUNT', math.min(step, most - #page / 3))
    if #entries == 0 then
      if c.mode == 'p' then broken(from) end
      break
    end
    if c.mode == 'p' and idOf(entries[1]) ~= from then broken(from) end
    for _, entry in ipairs(entries) do
      bytes = bytes + tonumber(entry[2][6])
      if #page > 0 and (bytes > mostBytes or #page / 3 >= most) then return page end
      page[#page + 1] = idOf(entry)
      page[#page + 1] = tonumber(entry[2][2])
      page[#page + 1] = entry[2][10]
    end
    if #page / 3 >= most then return page end
    from = idOf(entries[#entries]) + 1
    -- As many as the page has room for, by what they were so far; entries are copied to be looked at.
    step = math.max(1, math.min(500, math.floor((mostBytes - bytes) / (bytes * 3 / #page)) + 1))
  end
  return page
end

function operations.last()
  retain()
  local count = tonumber(ARGV[ARGS + 1])
  if c.mode == 'p' then return { math.max(c.a - 1, c.h - count) } end
  if count >= c.rc + c.vc then return { c.a - 1 } end
  if count == 0 then return { c.h } end
  local before, left = '+', count
  while true do
    local entries = redis.call('XREVRANGE', STREAM, before, '-', 'COUNT', math.min(left, 100))
    left = left - #entries
    if #entries == 0 then return { c.a - 1 } end
    before = idOf(entries[#entries]) - 1
    if left <= 0 then return { before } end
  end
end

function operations.time()
  retain()
  local timeMs = tonumber(ARGV[ARGS + 1])
  -- By halving; of a channel with holes, what stands next above an offset says as much.
  local function isAtOrAfter(offset)
    local entry = redis.call('XRANGE', STREAM, offset + 1, '+', 'COUNT', 1)[1]
    return not entry or tonumber(entry[2][2]) >= timeMs, entry
  end
  local below, above = c.a - 2, c.h
  while above - below > 1 do
    local middle = below + math.floor((above - below) / 2)
    if isAtOrAfter(middle) then above = middle else below = middle end
  end
  local _, entry = isAtOrAfter(above)
  return { entry and above or c.h }
end

function operations.truncate()
  retain()
  if c.h == 0 then return {} end
  local upTo = ARGV[ARGS + 1] == '' and c.h or math.min(tonumber(ARGV[ARGS + 1]), c.h)
  if upTo < c.a then return {} end
  if c.mode == 'p' then
    if upTo == c.h then redis.call('UNLINK', STREAM)
    else redis.call('XTRIM', STREAM, 'MINID', upTo + 1) end
  elseif upTo == c.h then
    redis.call('UNLINK', STREAM, NEWEST, REST)
    c.vc, c.vb, c.rc, c.rb = 0, 0, 0, 0
  else
    while true do
      local entries = redis.call('XRANGE', STREAM, '-', upTo, 'COUNT', 100)
      if #entries == 0 then break end
      for _, entry in ipairs(entries) do
        local offset, f = idOf(entry), entry[2]
        local key, bytes = f[12], tonumber(f[6])
        redis.call('XDEL', STREAM, offset)
        if c.mode == 'c' and key and f[14] ~= '1' then c.vc, c.vb = c.vc - 1, c.vb - bytes
        else
          c.rc, c.rb = c.rc - 1, c.rb - bytes
          redis.call('ZREM', REST, restMember(offset, tonumber(f[2]), bytes, key))
        end
        if key and newestOf(key) == offset then redis.call('HDEL', NEWEST, key) end
      end
    end
  end
  c.a, isDirty = upTo + 1, true
  if c.mode ~= 'p' then c.rs = math.max(c.rs, upTo)
  elseif c.ao <= upTo then c.ao, c.ab, c.at = upTo, -math.huge, -math.huge end
  if c.mode == 'p' then
    if c.a > c.h then emptyAnchor()
    else
      local at = locate(c.a)
      if at then c.ao, c.ab, c.at = c.a, at[1], at[2] else broken(c.a) end
    end
  end
  tell({}, 0)
  return {}
end

local result = operations[op]()
save()
if isReset then tell({}, 0) end
return { state(), result }
`;
