-- Revokes every grant of a name (RULES 19): the holders are told, and the name opens when they have released or run out.
--
-- ARGV 2 "fair" or "foreign"  3 reason, percent-encoded, or "-"  4 "1" to open it at once, which waives exclusion
--      5 an id of this call: repeated, it revokes nobody who came after its first time
-- Answers {ms until the last of them runs out, token, token …}, or {-1} where another program holds the name.
-- O(n) over the holders.

local now, micros = clock()
local names = allKeys()
local n = read(names[1], now)
if n.state == 'foreign' then return { -1 } end
local id, before = match(call('HGET', n.records, 'forced') or '', '^(%S+) (.+)$')
if id == ARGV[5] then
  local answer = {}
  for word in string.gmatch(before, '%S+') do answer[#answer + 1] = word end
  return answer
end
local holders = {}
if n.state == 'exclusive' then
  holders[1] = n.holder
elseif n.state == 'shared' then
  for _, request in ipairs(call('ZRANGE', n.shared, 0, -1)) do
    local text = call('HGET', n.records, request)
    holders[#holders + 1] = text and parseHolder(text) or { request = request, mode = 's', phase = 'd', ends = 0 }
  end
end
local answer, longest = { 0 }, 0
for _, h in ipairs(holders) do
  if isLive(h, now) then
    answer[#answer + 1] = format('%d', h.token)
    longest = max(longest, h.ends - now)
    tell(n, 'revoked', h.token, h.ends - now, h)
    call('PUBLISH', home(h.channel), format('revoked %s %s', h.request, ARGV[3]))
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
  answer[1] = format('%d', longest)
end
call('HSET', n.records, 'forced', ARGV[5] .. ' ' .. table.concat(answer, ' '))
keepRecords(n, 30000)
return answer
