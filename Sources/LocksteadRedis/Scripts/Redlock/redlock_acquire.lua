-- Takes the name on this node for one attempt of a Redlock round, if it is free here; else says who is in the way, and stands in this
-- node's list of those to be woken.
--
-- KEYS 1 main  2 fence  3 queue  4 marker, a string: since when (ms) this node has known Redlock. A node that lost it forgot.
--      The other keys of the name are derived: a node of Redlock is no cluster.
-- ARGV 2 attempt  3 token that the client proposes, 0 for none  4 lease ms
--      5 "lock-delay minimum-hold maximum-hold" in ms, 0 for none  6 "owner note channel", as they stand in records
--      7 "" not to wait, else "silence place limit": ms until a silent waiter is dead, the place in the list, the same on all nodes, and
--        how many may wait  8 request
-- Answers {"taken", the proposed token if this node took it or 0, counter, time in µs, age of the marker in ms}
--         {"busy", main's value, ms until it opens or -1, time in µs, age of the marker in ms, rank among those who wait or -1}
--         {"gone"}: the attempt was withdrawn before it arrived · {"full"}
-- O(log n) over those who wait.

local now, micros = clock()
local n = keys(KEYS[1])
local attempt, request = ARGV[2], ARGV[8]
local lease, delay, least, most = tonumber(ARGV[4]), match(ARGV[5], '^(%d+) (%d+) (%d+)$')
delay, least, most = tonumber(delay), tonumber(least), tonumber(most)
local owner, note, channel = match(ARGV[6], '^(%S+) (%S+) (%S+)$')
if isGone(n, attempt, now) then return { 'gone' } end

local born = call('GET', KEYS[4])
if not born then
  born = format('%d', now)
  call('SET', KEYS[4], born)
end
local age = now - tonumber(born)

local earlier = parseWaiter(call('HGET', n.records, request) or '')
read(n, now)
-- A release called somebody, who is on the way: who comes meanwhile gets behind, or those who release and take again starve all others.
local called, till = match(call('HGET', n.records, 'called') or '', '^(%S+) (%d+)$')
local isKept = called and called ~= request and now <= tonumber(till)
if n.state == 'free' and not isKept then
  if earlier then leaveQueues({ n }, earlier) end
  if called then call('HDEL', n.records, 'called') end
  local counter, proposed = tonumber(call('GET', n.fence) or '0'), tonumber(ARGV[3])
  -- A proposal counts only above everything this node has seen and not behind its clock, and not so far ahead that it would be remembered
  -- for longer than a clock's step is.
  local isTaken = proposed > counter and proposed >= micros and proposed <= micros + 5000000
  if isTaken then
    counter = proposed
    call('SET', n.fence, format('%d', counter), 'PX', FENCE_LIFE)
  end
  local h = { mode = 'x', phase = isTaken and 'h' or 'c', request = attempt, token = isTaken and proposed or 0, lease = lease,
    delay = delay, least = least > 0 and now + least or 0, most = most > 0 and now + most or 0, since = now, owner = owner, note = note,
    channel = channel, reason = '-' }
  h.ends = now + h.lease
  if h.most > 0 then h.ends = min(h.ends, h.most) end
  put(n, h, now)
  return { 'taken', h.token, counter, micros, age }
end

local rank = -1
local silence, place, limit = match(ARGV[7], '^(%d+) (%S+) (%d+)$')
if silence then
  if not earlier and beforeMarks(n) >= tonumber(limit) then return { 'full' } end
  local w = { mode = 'x', order = 'b', request = request, member = place, alive = now + tonumber(silence), lease = lease, delay = 0,
    least = 0, most = 0, since = earlier and earlier.since or now, owner = owner, note = note, channel = channel, names = n.main }
  call('ZADD', n.queue, 0, w.member)
  call('HSET', n.records, request, waiterText(w))
  keepRecords(n, tonumber(silence))
  -- Nobody serves this list: the dead at its head go by this.
  living(n, 0, request, now)
  rank = call('ZRANK', n.queue, w.member) or -1
elseif earlier then
  leaveQueues({ n }, earlier)
end
return { 'busy', n.value or '', n.state == 'free' and tonumber(till) - now + 1 or call('PTTL', n.main), micros, age, rank }
