-- Gives a grant that a majority has just confirmed back to a node that does not have it: the node was away, or forgot (R36, R37).
-- Never steals: only where the name is free. A counter that is ahead of the token is one that a failed attempt raised: no other grant can
-- have followed, or a majority would not have confirmed this one. It stays as it is.
--
-- KEYS 1 main  2 fence  3 queue; the other keys of the name are derived.
-- ARGV 2 attempt  3 token  4 owner  5 lease ms  6 lock-delay ms  7 ms until the minimum hold is over  8 ms until the maximum hold
--      ends it (0: none)  9 ms since the grant  10 channel  11 note
-- Answers 1, or 0 where it must not.
-- O(1).

local now = clock()
local n = keys(KEYS[1])
local token = tonumber(ARGV[3])
read(n, now)
if n.state ~= 'free' or isGone(n, ARGV[2], now) then return 0 end
local counter = max(token, tonumber(call('GET', n.fence) or '0'))
call('SET', n.fence, format('%d', counter), 'PX', FENCE_LIFE)
local least, most = tonumber(ARGV[7]), tonumber(ARGV[8])
local h = { mode = 'x', phase = 'h', request = ARGV[2], token = token, lease = tonumber(ARGV[5]), delay = tonumber(ARGV[6]),
  least = least > 0 and now + least or 0, most = most > 0 and now + most or 0, since = now - tonumber(ARGV[9]), owner = ARGV[4],
  note = ARGV[11], channel = ARGV[10], reason = '-' }
h.ends = now + h.lease
if h.most > 0 then h.ends = min(h.ends, h.most) end
put(n, h, now)
return 1
