-- Ends an exclusive grant and makes another of the same client in one step, under a new token (RULES 9): one name only.
--
-- ARGV 2 request  3 token  4 request of the new grant  5 its owner  6 lease ms  7 lock-delay ms  8 minimum hold ms
--      9 maximum hold ms (0: none)  10 channel  11 note
-- Answers {"granted", token, ms until the maximum hold ends it or 0}
--         {"refused"}: a fair waiter comes first, the minimum hold runs, or the new request was withdrawn · {"lost"}
-- O(1), and O(n) over those who wait.

local now, micros = clock()
local names = allKeys()
local n = names[1]
local again = held(n, ARGV[4], now)
if again and again.phase == 'h' and isLive(again, now) then
  return { 'granted', format('%d', again.token), again.most > 0 and again.most - now or 0 }
end
if isGone(n, ARGV[4], now) then return { 'refused' } end
local h = held(n, ARGV[2], now)
if not h or h.token ~= tonumber(ARGV[3]) or h.mode ~= 'x' or h.phase ~= 'h' or not isLive(h, now) then
  return { 'lost' }
end
if h.least > now then return { 'refused' } end
for _, member in ipairs(call('ZRANGE', n.queue, 0, -1)) do
  local text = call('HGET', n.records, sub(member, 20))
  local other = text and parseWaiter(text)
  if other and other.order == 'f' and now <= other.alive then return { 'refused' } end
end
tell(n, 'released', h.token, 0, h)
local token = mint(names, micros)
grant(names, { request = ARGV[4], owner = ARGV[5], mode = 'x', lease = tonumber(ARGV[6]), delay = tonumber(ARGV[7]),
  least = tonumber(ARGV[8]), most = tonumber(ARGV[9]), channel = ARGV[10], note = ARGV[11] }, token,
  tonumber(ARGV[6]), 'h', now)
return { 'granted', format('%d', token), tonumber(ARGV[9]) }
