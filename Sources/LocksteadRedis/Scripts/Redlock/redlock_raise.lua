-- The second phase of a Redlock grant (RULES 10): raises this node's counter to the token, only if the key is still this attempt's.
--
-- KEYS 1 main  2 fence  3 queue; the other keys of the name are derived.
-- ARGV 2 attempt  3 token
-- Answers 1, or 0 where the attempt holds nothing here any more.
-- O(1).

local now = clock()
local n = keys(KEYS[1])
local h = held(n, ARGV[2], now)
if not h or not isLive(h, now) or h.phase == 'r' then return 0 end
local token = tonumber(ARGV[3])
call('SET', n.fence, format('%d', max(token, tonumber(call('GET', n.fence) or '0'))), 'PX', FENCE_LIFE)
h.token, h.phase = token, 'h'
put(n, h, now)
return 1
