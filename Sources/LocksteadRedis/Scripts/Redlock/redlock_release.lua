-- Gives back what an attempt holds on this node, or withdraws it, and what its request waits for; whoever is first in this node's list
-- is told to look. Never touches another attempt's key (R17).
--
-- KEYS 1 main  2 fence  3 queue; the other keys of the name are derived.
-- ARGV 2 attempt, or "-"  3 request that stops waiting, or "-" where it goes on
--      4 for how many ms something of the attempt may still be on its way, 0 where nothing is (R24)
--      5 "1" for a grant, which keeps its delays, "0" for an attempt that nobody believed
--      6 request of the caller: where it is the first in the list itself, it looks by itself
-- Answers how many keys were freed, and the reason of a revocation or "-".
-- O(log n) over those who wait.

-- What one who was called may take to come; whoever is gone meanwhile costs the others no more than this.
local CALL = 50
local now, micros = clock()
local n = keys(KEYS[1])
local freed, reason, changed = 0, '-', false
local h = ARGV[2] ~= '-' and held(n, ARGV[2], now)
if h and isLive(h, now) then
  freed, reason, changed = 1, h.reason, true
  if ARGV[5] == '1' then retire(n, h, now) else remove(n, h, now) end
end
if ARGV[3] ~= '-' then
  local w = parseWaiter(call('HGET', n.records, ARGV[3]) or '')
  if w then
    leaveQueues({ n }, w)
    changed = true
  end
end
if ARGV[4] ~= '0' then mark(n, ARGV[2], tonumber(ARGV[4]), now, micros) end
if changed and read(n, now).state == 'free' then
  local first = living(n, 0, ARGV[6], now)
  if first and first.request ~= ARGV[6] then
    -- Whoever hears has a moment to come.
    local place, w = 0, nil
    repeat
      w, place = living(n, place, '', now)
      place = w and place + 1
    until not w or call('PUBLISH', w.channel, 'look ' .. w.request) > 0
    if w then
      call('HSET', n.records, 'called', format('%s %d', w.request, now + CALL))
    else
      call('HDEL', n.records, 'called')
    end
  elseif not first then
    call('HDEL', n.records, 'called')
  end
end
return { freed, reason }
