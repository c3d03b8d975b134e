-- Arms the lease of an attempt anew on this node. Takes nothing that it does not hold (R14).
--
-- KEYS 1 main  2 fence  3 queue; the other keys of the name are derived.
-- ARGV 2 attempt  3 lease ms
-- Answers "ok", "revoked <reason>", or why it is not held here: "free", "other".
-- O(1).

local now = clock()
local n = keys(KEYS[1])
local h = held(n, ARGV[2], now)
if not h then return n.state == 'free' and 'free' or 'other' end
-- It ended by itself: what is left of it is its delay.
if not isLive(h, now) then return 'free' end
if h.phase == 'r' then return 'revoked ' .. h.reason end
h.phase, h.ends = 'h', now + tonumber(ARGV[3])
if h.most > 0 then h.ends = min(h.ends, h.most) end
put(n, h, now)
return 'ok'
