-- Withdraws a request: afterwards it neither waits for these names nor holds them (R23, R26).
--
-- ARGV 2 "fair" or "foreign"  3 request  4 for how many ms anything of the request may still be on its way, 0 where nothing is
-- Answers how many of the names it waited for or held.
-- O(log n), and what serving the queues costs.

local now, micros = clock()
local names, count = allKeys(), 0
for _, n in ipairs(names) do
  local h = held(n, ARGV[3], now)
  if h and isLive(h, now) then
    count = count + 1
    tell(n, 'released', h.token, 0, h)
    retire(n, h, now)
  elseif not h then
    local text = call('HGET', n.records, ARGV[3])
    local w = text and parseWaiter(text)
    if w then
      count = count + 1
      leaveQueues({ n }, w)
      tell(n, 'waitEnded', 0, 0, w)
    end
  end
end
-- Whatever was found: a repetition may be there and another attempt still come.
if ARGV[4] ~= '0' then mark(names[1], ARGV[3], tonumber(ARGV[4]), now, micros) end
if count > 0 then
  for _, n in ipairs(names) do read(n, now) end
  openUp(names, ARGV[2], now, micros)
end
return count
