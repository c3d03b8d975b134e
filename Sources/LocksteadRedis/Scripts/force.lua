-- Revokes every grant of a name (RULES 19): the holders are told, and the name opens when they have released or run out.
--
-- ARGV 2 "fair" or "foreign"  3 reason, percent-encoded, or "-"  4 "1" to open it at once, which waives exclusion
-- Answers {ms until the last of them runs out, token, token …}, or {-1} where another program holds the name.
-- O(n) over the holders.

local now, micros = clock()
local names = allKeys()
local n = read(names[1], now)
if n.state == 'foreign' then return { -1 } end
local holders = {}
if n.state == 'exclusive' then
  holders[1] = n.holder
elseif n.state == 'shared' then
  for _, request in ipairs(call('ZRANGE', n.shared, 0, -1)) do
    local text = call('HGET', n.records, request)
    holders[#holders + 1] = text and parseHolder(text)
  end
end
local answer, longest = { 0 }, 0
for _, h in ipairs(holders) do
  if isLive(h, now) then
    answer[#answer + 1] = format('%d', h.token)
    longest = max(longest, h.ends - now)
    tell(n, 'revoked', h.token, h.ends - now, h)
    call('PUBLISH', h.channel, format('revoked %s %s', h.request, ARGV[3]))
    if ARGV[4] ~= '1' then
      h.phase, h.reason = 'r', ARGV[3]
      put(n, h, now)
    end
  end
  if ARGV[4] == '1' then remove(n, h, now) end
end
if ARGV[4] == '1' then
  openUp(names, ARGV[2], now, micros)
else
  answer[1] = longest
end
return answer
