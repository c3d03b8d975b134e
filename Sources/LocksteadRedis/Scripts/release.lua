-- Gives a grant back, or acknowledges its revocation: what it still holds of its names under this very token (R17, R22).
-- Whoever is next gets what became free: a claim of a second, which its confirmation extends (RULES 20).
--
-- ARGV 2 "fair" or "foreign" (the key goes, and one waiter is told to look)  3 request  4 token
-- Answers how many of the names were freed, and the reason of a revocation or "-".
-- O(1) where nobody waits; else what serving the queues costs.

local now, micros = clock()
local names, freed, reason = allKeys(), 0, '-'
for _, n in ipairs(names) do
  local h = held(n, ARGV[3], now)
  if h and h.token == tonumber(ARGV[4]) and isLive(h, now) then
    freed = freed + 1
    reason = h.reason
    tell(n, 'released', h.token, 0, h)
    retire(n, h, now)
  end
end
if freed > 0 then openUp(names, ARGV[2], now, micros) end
return { freed, reason }
