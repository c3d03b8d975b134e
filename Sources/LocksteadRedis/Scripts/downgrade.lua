-- Turns an exclusive grant into a shared one under the same token; nobody gets in between.
--
-- ARGV 2 "fair" or "foreign"  3 request  4 token
-- Answers 1, or 0 where the grant has ended.
-- O(log n), and what serving the readers costs.

local now, micros = clock()
local names, own = allKeys(), {}
for _, n in ipairs(names) do
  local h = held(n, ARGV[3], now)
  if not h or h.token ~= tonumber(ARGV[4]) or h.phase ~= 'h' or not isLive(h, now) then return 0 end
  own[#own + 1] = h
end
for i, n in ipairs(names) do
  local h = own[i]
  if h.mode == 'x' then
    h.mode = 's'
    n.state, n.holder = 'free', nil
    put(n, h, now)
    tell(n, 'downgraded', h.token, h.ends - now, h)
  end
end
openUp(names, ARGV[2], now, micros)
return 1
