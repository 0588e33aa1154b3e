import { createHash } from "node:crypto";
import { OPERATIONS } from "./operations.ts";
import { RETAIN } from "./retain.ts";
import { STATE } from "./state.ts";

export interface Script {
  readonly text: string;
  /** As Redis knows it. */
  readonly sha: string;
}

function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** What a call of one channel does, as one: Redis runs it alone. */
export const CHANNEL_SCRIPT: Script = script(STATE + RETAIN + OPERATIONS);

/**
 * Which of many channels are not as this node knows them. Keys: the life and the channel of each; arguments: epoch,
 * head and earliest of each. Answers their places in the list. Looks only.
 */
export const CHECK_SCRIPT: Script = script(`
local changed = {}
for i = 0, #KEYS / 2 - 1 do
  local v = redis.call('HMGET', KEYS[i * 2 + 2], 'e', 'h', 'a')
  local epoch, head, earliest = v[1], v[2] or '0', v[3] or '1'
  if not epoch then epoch = redis.call('GET', KEYS[i * 2 + 1]) end
  if epoch ~= ARGV[i * 3 + 1] or head ~= ARGV[i * 3 + 2] or earliest ~= ARGV[i * 3 + 3] then changed[#changed + 1] = i end
end
return changed
`);

/**
 * Which of many channels may not hold the message that this node saw last. Keys: the channel and the stream of each; arguments:
 * the epoch, offset and tag of what was seen. Answers their places in the list; a call of the channel's own script decides. Looks only.
 */
export const LOST_SCRIPT: Script = script(`
local lost = {}
for i = 0, #KEYS / 2 - 1 do
  local v = redis.call('HMGET', KEYS[i * 2 + 1], 'e', 'h', 'g')
  local epoch, offset, tag = ARGV[i * 3 + 1], ARGV[i * 3 + 2], ARGV[i * 3 + 3]
  local isHeld = v[1] and v[1] ~= epoch
  if not isHeld and v[2] == offset then isHeld = v[3] == tag
  elseif not isHeld and v[1] then
    local entry = redis.call('XRANGE', KEYS[i * 2 + 2], offset, offset)[1]
    isHeld = entry and entry[2][8] == tag
  end
  if not isHeld then lost[#lost + 1] = i end
end
return lost
`);

/** Notes a channel in the list of names, and tells the other nodes of a new one. Answers whether it was. */
export const NAME_SCRIPT: Script = script(`
local added = redis.call('ZADD', KEYS[1], 0, ARGV[1])
if added == 1 then redis.call(ARGV[2], ARGV[3], ARGV[1]) end
return added
`);
