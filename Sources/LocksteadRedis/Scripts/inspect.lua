-- Who holds a name and who waits for it. Changes nothing.
--
-- ARGV 2 how many waiters at most
-- Answers {time in ms, value of main or "", ms left of it or -1, {records of shared holders}, {records of waiters}, waiters}
-- O(n) over the shared holders and over the waiters asked for.

local now = clock()
local value = call('GET', KEYS[1]) or ''
local holders, waiters = {}, {}
if match(value, MARKER) then
  for _, request in ipairs(call('ZRANGEBYSCORE', KEYS[4], format('%d', now), '+inf')) do
    holders[#holders + 1] = call('HGET', KEYS[5], request) or nil
  end
end
local count = call('ZCARD', KEYS[3])
for _, member in ipairs(call('ZRANGE', KEYS[3], 0, tonumber(ARGV[2]) - 1)) do
  local text = call('HGET', KEYS[5], sub(member, 20))
  local w = text and parseWaiter(text)
  if w and now <= w.alive then waiters[#waiters + 1] = text else count = count - 1 end
end
return { now, value, call('PTTL', KEYS[1]), holders, waiters, count }
