-- Takes all names if they are free and it is the request's turn; else stands in their queues, or says who is in the way.
-- Also the sign of life of a waiter, and the retry of a request whose answer was lost: it finds its own grant or place.
--
-- ARGV 2 "fair" or "foreign" (names shared with other programs: whatever is free may be taken)
--      3 request  4 owner  5 mode (x, s, p:<count>:<limit>)  6 order (f or b)  7 lease ms  8 lock-delay ms
--      9 minimum hold ms  10 maximum hold ms (0: none)  11 "1" to wait, "0" not to  12 ms until a silent waiter is dead
--      13 channel for hand-overs  14 place in the queues from an earlier answer, or "-"  15 priority  16 most waiters
--      17 note  18 for how many ms an earlier attempt may still be on its way, 0 where there is none
-- Answers {"granted", token, ms until the maximum hold ends it or 0}
--         {"queued", place, ms until it may open or -1, rank} · {"busy", holder's value, ms or -1}
--         {"kind", what the name is in use as} · {"full"} · {"lost", reason}: revoked, or withdrawn before it arrived
-- O(1) where the names are free and nobody waits; else O(log n) and what serving the queue costs.

local now, micros = clock()
local request, mode = ARGV[3], ARGV[5]
local w = { request = request, owner = ARGV[4], mode = mode, order = ARGV[6], lease = tonumber(ARGV[7]),
  delay = tonumber(ARGV[8]), least = tonumber(ARGV[9]), most = tonumber(ARGV[10]), channel = ARGV[13], note = ARGV[17] }
local names = allKeys()

-- The last word to the request: an attempt that comes afterwards, when the grant has ended perhaps, is refused instead of taking the
-- names for nobody.
local function last(answer)
  if ARGV[18] ~= '0' then mark(names[1], request, tonumber(ARGV[18]), now, micros) end
  return answer
end

local function granted(token, most) return last({ 'granted', format('%d', token), most }) end

-- A retry: whoever holds all names already is told again, and its lease begins anew.
local own, revoked = {}, nil
for _, n in ipairs(names) do
  local h = held(n, request, now)
  if h and isLive(h, now) then
    own[#own + 1] = h
    if h.phase == 'r' then revoked = h.reason end
  end
end
-- Revoked, or without some of its names: what is left of it is given back by who asked.
if revoked or #own > 0 and #own < #names then return { 'lost', revoked or '-' } end
if #own == #names then
  for i, n in ipairs(names) do
    local h = own[i]
    h.phase, h.ends = 'h', now + w.lease
    if h.most > 0 then h.ends = min(h.ends, h.most) end
    put(n, h, now)
  end
  return granted(own[1].token, own[1].most > 0 and own[1].most - now or 0)
end

if isGone(names[1], request, now) then return { 'lost', 'withdrawn' } end
-- Its record of an earlier round, where it waits already.
local earlier = parseWaiter(call('HGET', names[1].records, request) or '')

for _, n in ipairs(names) do
  local kind = kindInUse(n, now)
  if kind and kind ~= kindOf(mode) then return last({ 'kind', kind }) end
end

local function areFree()
  for _, n in ipairs(names) do
    if not isFree(n, mode, now) then return false end
  end
  return true
end

-- A barging request passes barging waiters, never a fair one (RULES 14).
local function mayPass()
  if ARGV[2] == 'foreign' then return true end
  if w.order ~= 'b' then return false end
  for _, n in ipairs(names) do
    for _, member in ipairs(call('ZRANGE', n.queue, 0, -1)) do
      local text = sub(member, 20) ~= request and call('HGET', n.records, sub(member, 20))
      local other = text and parseWaiter(text)
      if other and other.order == 'f' and now <= other.alive then return false end
    end
  end
  return true
end

if areFree() and mayPass() then
  if earlier then leaveQueues(names, earlier) end
  local token = mint(names, micros)
  grant(names, w, token, w.lease, 'h', now)
  return granted(token, w.most)
end

local waits = ARGV[11] == '1'

-- How long until something may become free by itself.
local function opensIn()
  local soonest = -1
  for _, n in ipairs(names) do
    local rest = call('PTTL', n.main)
    if n.state == 'shared' then
      local first = call('ZRANGE', n.shared, 0, 0, 'WITHSCORES')
      rest = first[2] and max(0, tonumber(first[2]) - now) or -1
    end
    if rest >= 0 and (soonest < 0 or rest < soonest) then soonest = rest end
  end
  return soonest
end

local function busy()
  for _, n in ipairs(names) do
    if not isFree(n, mode, now) then return { 'busy', n.value or '', opensIn() } end
  end
  return { 'busy', '', -1 }
end

-- No place in a queue would help who does not wait.
if not waits and not earlier and not areFree() then return last(busy()) end

-- RULES 14: at most the asked priority, and below that of every waiter which was overtaken often enough.
local function placeFor(priority)
  local overtaken = {}
  for _, n in ipairs(names) do
    local index = beforeMarks(n) - 1
    while index >= 0 do
      local member = call('ZRANGE', n.queue, index, index)[1]
      local theirs = member and 500 - tonumber(sub(member, 1, 3))
      if not theirs or theirs >= priority then break end
      local times = tonumber(call('HGET', n.records, 'overtaken:' .. sub(member, 20)) or '0')
      if times >= 16 then
        priority = theirs
        break
      end
      overtaken[sub(member, 20)] = n
      index = index - 1
    end
  end
  local place = format('%03d%016d%s', 500 - priority, micros, request)
  for other, n in pairs(overtaken) do call('HINCRBY', n.records, 'overtaken:' .. other, 1) end
  return place
end

w.alive, w.since = now + tonumber(ARGV[12]), earlier and earlier.since or now
w.member = earlier and earlier.member or ARGV[14]
if not earlier then
  for _, n in ipairs(names) do
    if beforeMarks(n) >= tonumber(ARGV[16]) then return last({ 'full' }) end
  end
  if w.member == '-' then w.member = placeFor(tonumber(ARGV[15])) end
end
local mains = {}
for _, n in ipairs(names) do mains[#mains + 1] = n.main end
w.names = table.concat(mains, '\n')
for _, n in ipairs(names) do
  if not earlier then
    call('ZADD', n.queue, 0, w.member)
    if waits then tell(n, 'queued', 0, 0, w) end
  end
  call('HSET', n.records, request, waiterText(w))
  keepRecords(n, tonumber(ARGV[12]))
end

local mine
for _, n in ipairs(names) do
  read(n, now)
  if n.state == 'free' or n.state == 'shared' then
    if ARGV[2] ~= 'foreign' then mine = serve(n, request, now, micros) or mine end
  end
end
-- Where nobody serves the queue, the dead at its head go by this.
if ARGV[2] == 'foreign' then
  for _, n in ipairs(names) do living(n, 0, request, now) end
end
if mine then return granted(mine, w.most) end
if waits then
  local rank = call('ZRANK', names[1].queue, w.member) or 0
  return { 'queued', w.member, rank == 0 and opensIn() or -1, rank }
end

local answer = busy()
leaveQueues(names, w)
if earlier then
  for _, n in ipairs(names) do tell(n, 'waitEnded', 0, 0, w) end
end
openUp(names, ARGV[2], now, micros)
return last(answer)
