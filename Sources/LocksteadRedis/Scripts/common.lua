-- Stands before every script: the layout, what a name's keys hold, and the queue. Nothing here runs by itself.
--
-- KEYS come in fives, one five for each name:
--   1 main     string: the lock itself, as any SET NX PX client sees it
--   2 fence    string: the last token, for seven days
--   3 queue    sorted set, all scores 0: waiters in the order in which they are served
--   4 shared   sorted set: readers or permits by the time at which they stop keeping writers out
--   5 records  hash: request -> record of a waiter or of a shared holder; "used": permits that are out
-- ARGV[1] is the number of the database: channels know none.
-- Times are milliseconds of this server's TIME; a moment that has come (now > until) is over.
--
-- records also holds under "gone:<request>" until when what still arrives of a request is refused, and under "forced" the last
-- forced release: its id and its answer.
-- main holds a holder's record, "lockstead:shared s" or "lockstead:shared p<limit>", or whatever another program wrote.
-- Records are words with one space between them; notes and reasons are percent-encoded.

local floor, max, min, format = math.floor, math.max, math.min, string.format
local find, match, sub = string.find, string.match, string.sub
local call = redis.call

local HOLDER = '^lockstead:1 (%S+) (%a) (%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%S+) (%S+) (%S+) (%S+)$'
local WAITER = '^waiter (%S+) (%a) (%S+) (%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%S+) (%S+) (%S+) (.+)$'
local MARKER = '^lockstead:shared (%S+)$'
-- Behind all waiters: the place of a withdrawn request, which keeps the quick way of acquire closed while it may still arrive.
local LAST = '999'
-- What a waiter has to confirm a grant that someone else's release made for it (RULES 20).
local CLAIM = 1000
-- A forgotten counter is no danger: tokens never fall below the time in microseconds (RULES 7, 30).
local FENCE_LIFE = 604800000
-- Records outlive what they describe by so much, so that no script finds half of them gone.
local GRACE = 60000

local function clock()
  local t = call('TIME')
  local seconds, micros = tonumber(t[1]), tonumber(t[2])
  return seconds * 1000 + floor(micros / 1000), seconds * 1000000 + micros
end

-- A name that has a hash tag keeps it; with two colons, so that "a" and "{a}" never meet.
local function side(main, what)
  if find(main, '{', 1, true) then return main .. '::' .. what end
  return '{' .. main .. '}:' .. what
end

local known = {}

-- The keys of one name. Those that came as KEYS are used as they came; only a waiter for several names brings others in.
local function keys(main)
  local n = known[main]
  if not n then
    n = { main = main, fence = side(main, 'fence'), queue = side(main, 'queue'), shared = side(main, 'shared'),
      records = side(main, 'records') }
    known[main] = n
  end
  return n
end

local function allKeys()
  local names = {}
  for i = 1, #KEYS, 5 do
    local n = { main = KEYS[i], fence = KEYS[i + 1], queue = KEYS[i + 2], shared = KEYS[i + 3], records = KEYS[i + 4] }
    n.isDeclared = true
    known[KEYS[i]] = n
    names[#names + 1] = n
  end
  return names
end

local function parseHolder(text)
  local h = {}
  h.mode, h.phase, h.request, h.token, h.ends, h.lease, h.delay, h.least, h.most, h.since, h.owner, h.note, h.channel,
    h.reason = match(text, HOLDER)
  if not h.mode then return nil end
  for _, field in ipairs({ 'token', 'ends', 'lease', 'delay', 'least', 'most', 'since' }) do
    h[field] = tonumber(h[field])
  end
  return h
end

local function holderText(h)
  return format('lockstead:1 %s %s %s %d %d %d %d %d %d %d %s %s %s %s', h.mode, h.phase, h.request, h.token, h.ends,
    h.lease, h.delay, h.least, h.most, h.since, h.owner, h.note, h.channel, h.reason)
end

local function parseWaiter(text)
  local w = {}
  w.mode, w.order, w.request, w.member, w.alive, w.lease, w.delay, w.least, w.most, w.since, w.owner, w.note, w.channel,
    w.names = match(text, WAITER)
  if not w.mode then return nil end
  for _, field in ipairs({ 'alive', 'lease', 'delay', 'least', 'most', 'since' }) do w[field] = tonumber(w[field]) end
  return w
end

local function waiterText(w)
  return format('waiter %s %s %s %s %d %d %d %d %d %d %s %s %s %s', w.mode, w.order, w.request, w.member, w.alive,
    w.lease, w.delay, w.least, w.most, w.since, w.owner, w.note, w.channel, w.names)
end

-- Whether an owner stands behind the record, not only a delay.
local function isLive(h, now)
  return (h.phase == 'h' or h.phase == 'c' or h.phase == 'r') and now <= h.ends
end

-- Until when the record keeps others out: its lease and then the lock-delay, and no less than the minimum hold.
-- A claim that nobody confirmed was believed by nobody: nothing follows it.
local function closedUntil(h)
  if h.phase == 'c' then return h.ends end
  return max(h.ends + h.delay, h.least)
end

local function permits(mode)
  local count, limit = match(mode, '^p:(%d+):(%d+)$')
  return tonumber(count), limit
end

-- "rw" for readers and writers, "p<limit>" for a semaphore.
local function kindOf(mode)
  if mode == 'x' or mode == 's' then return 'rw' end
  local _, limit = permits(mode)
  return 'p' .. limit
end

-- Tells those who watch: what happened, and after how many ms without another word it is over.
local function tell(n, kind, token, span, who)
  call('PUBLISH', 'lockstead:events:' .. ARGV[1] .. ':' .. n.main,
    format('%s %d %d %s %s %s', kind, token, span, who.owner, who.mode, who.note))
end

-- Tells a waiter how it goes on; answers how many heard it. In a cluster PUBLISH counts the listeners of one node alone, so that waiters
-- there listen to a channel of the slot, which says so in its name.
local function wakeUp(w, message)
  local how = sub(w.channel, 1, 16) == 'lockstead:shard:' and 'SPUBLISH' or 'PUBLISH'
  return call(how, w.channel, message)
end

-- The channel on which a client always listens.
local function home(channel)
  local id = match(channel, '^lockstead:shard:([^:]+):')
  return id and 'lockstead:wake:' .. id or channel
end

-- Shared holders ----------------------------------------------------------------------------------------------------

local function removeShared(n, request)
  local text = call('HGET', n.records, request)
  call('ZREM', n.shared, request)
  call('HDEL', n.records, request)
  local mode = text and match(text, '^lockstead:1 (p%S+) ')
  if mode then call('HINCRBY', n.records, 'used', -permits(mode)) end
end

-- Takes out those whose time is over; each only once in its life.
local function prune(n, now)
  for _, request in ipairs(call('ZRANGEBYSCORE', n.shared, '-inf', format('(%d', now))) do removeShared(n, request) end
end

-- The marker lives as long as the last of them, so that foreign SET NX users stay out exactly so long (RULES 30).
local function setMarker(n, now)
  local last = call('ZRANGE', n.shared, -1, -1, 'WITHSCORES')
  if not last[1] then
    call('DEL', n.main)
    call('HDEL', n.records, 'used')
    n.state = 'free'
    return
  end
  local rest = max(1, tonumber(last[2]) - now)
  call('SET', n.main, 'lockstead:shared ' .. n.kind, 'PX', format('%d', rest))
  call('PEXPIRE', n.shared, format('%d', rest + GRACE))
  if call('PTTL', n.records) < rest + GRACE then call('PEXPIRE', n.records, format('%d', rest + GRACE)) end
end

-- State -------------------------------------------------------------------------------------------------------------

-- Reads who has the name: state is "free", "exclusive", "shared" or "foreign".
local function read(n, now)
  if n.state then return n end
  local value = call('GET', n.main)
  n.value = value
  if not value then
    n.state = 'free'
    return n
  end
  n.holder = parseHolder(value)
  if n.holder then
    -- A key that someone made to last longer (PERSIST, RESTORE) keeps nobody out longer than its record says.
    if now > closedUntil(n.holder) then
      call('DEL', n.main)
      n.state, n.holder = 'free', nil
    else
      n.state = 'exclusive'
    end
    return n
  end
  n.kind = match(value, MARKER)
  n.state = n.kind and 'shared' or 'foreign'
  if n.kind then
    prune(n, now)
    if call('ZCARD', n.shared) == 0 then setMarker(n, now) end
  end
  return n
end

local function isFree(n, mode, now)
  read(n, now)
  if n.state == 'free' then return true end
  if n.state ~= 'shared' or mode == 'x' then return false end
  if mode == 's' then return n.kind == 's' end
  local count, limit = permits(mode)
  if n.kind ~= 'p' .. limit then return false end
  return tonumber(call('HGET', n.records, 'used') or '0') + count <= tonumber(limit)
end

-- What the name is in use as, by holders or waiters; nil where it is not.
local function kindInUse(n, now)
  read(n, now)
  if n.state == 'exclusive' then return 'rw' end
  if n.state == 'shared' then return n.kind == 's' and 'rw' or n.kind end
  local first = call('ZRANGE', n.queue, 0, 0)[1]
  local text = first and call('HGET', n.records, sub(first, 20))
  local waiter = text and parseWaiter(text)
  return waiter and now <= waiter.alive and kindOf(waiter.mode) or nil
end

-- The request's own record on a name, as a holder; nil where it holds nothing there.
local function held(n, request, now)
  read(n, now)
  if n.state == 'exclusive' then return n.holder.request == request and n.holder or nil end
  if n.state ~= 'shared' or not call('ZSCORE', n.shared, request) then return nil end
  local text = call('HGET', n.records, request)
  return text and parseHolder(text) or nil
end

-- Writes a holder's record: at first, and whenever its times or its phase change.
local function put(n, h, now)
  local closed = closedUntil(h)
  if h.mode == 'x' then
    call('SET', n.main, holderText(h), 'PX', format('%d', max(1, closed - now)))
    n.state, n.holder = 'exclusive', h
    return
  end
  if n.state ~= 'shared' then
    -- What is left of a marker that someone else deleted must not count.
    if n.state == 'free' then
      for _, request in ipairs(call('ZRANGE', n.shared, 0, -1)) do removeShared(n, request) end
      call('HDEL', n.records, 'used')
    end
    n.kind = h.mode == 's' and 's' or kindOf(h.mode)
    n.state = 'shared'
  end
  local isNew = call('ZADD', n.shared, format('%d', closed), h.request) == 1
  if isNew and h.mode ~= 's' then call('HINCRBY', n.records, 'used', (permits(h.mode))) end
  call('HSET', n.records, h.request, holderText(h))
  setMarker(n, now)
end

local function remove(n, h, now)
  if h.mode == 'x' then
    call('DEL', n.main)
    n.state, n.holder = 'free', nil
  else
    removeShared(n, h.request)
    setMarker(n, now)
  end
end

-- Its owner is gone: the record goes, or stays to keep the name closed.
local function retire(n, h, now)
  local delay = h.phase == 'r' and h.delay or 0
  local ends = max(now + delay, h.least)
  if ends <= now then return remove(n, h, now) end
  h.phase = delay > 0 and now + delay >= ends and 'd' or 'm'
  h.ends, h.delay, h.least = ends, 0, 0
  put(n, h, now)
end

-- Grants ------------------------------------------------------------------------------------------------------------

-- A token above all earlier ones of these names (RULES 7).
local function mint(names, micros)
  local token = micros
  for _, n in ipairs(names) do token = max(token, tonumber(call('GET', n.fence) or '0') + 1) end
  for _, n in ipairs(names) do call('SET', n.fence, format('%d', token), 'PX', FENCE_LIFE) end
  return token
end

local function namesOf(w)
  local names = {}
  for main in string.gmatch(w.names, '[^\n]+') do names[#names + 1] = keys(main) end
  return names
end

local function leaveQueues(names, w)
  for _, n in ipairs(names) do
    call('ZREM', n.queue, w.member)
    call('HDEL', n.records, w.request, 'overtaken:' .. w.request)
  end
end

-- Makes the grant; the names are free for it. `span` is how long it lasts without another word.
local function grant(names, w, token, span, phase, now)
  local h = { mode = w.mode, phase = phase, request = w.request, token = token, lease = w.lease, since = now,
    delay = w.delay, least = w.least > 0 and now + w.least or 0,
    most = w.most > 0 and now + w.most or 0, owner = w.owner, note = w.note, channel = w.channel, reason = '-' }
  h.ends = now + span
  if h.most > 0 then h.ends = min(h.ends, h.most) end
  for _, n in ipairs(names) do
    local copy = {}
    for field, value in pairs(h) do copy[field] = value end
    -- Told first: a user that may not publish is refused before the name is taken.
    tell(n, 'granted', token, h.ends - now, w)
    put(n, copy, now)
  end
end

-- Hashes and queues end by themselves some time after what they describe, should nobody come by any more.
local function keepRecords(n, span)
  if call('PTTL', n.records) < span then call('PEXPIRE', n.records, format('%d', span + GRACE)) end
  if call('PTTL', n.queue) < span then call('PEXPIRE', n.queue, format('%d', span + GRACE)) end
end

-- Withdrawn requests ------------------------------------------------------------------------------------------------

-- How many stand in the queue before the marks of withdrawn requests, which are always last. O(log n) looks.
local function beforeMarks(n)
  local low, high = 0, call('ZCARD', n.queue)
  local last = high > 0 and call('ZRANGE', n.queue, -1, -1)[1]
  if not last or sub(last, 1, 3) ~= LAST then return high end
  while low < high do
    local middle = floor((low + high) / 2)
    if sub(call('ZRANGE', n.queue, middle, middle)[1], 1, 3) == LAST then high = middle else low = middle + 1 end
  end
  return low
end

local function isGone(n, request, now)
  local ends = call('HGET', n.records, 'gone:' .. request)
  return ends and now <= tonumber(ends)
end

-- Takes a mark away that is over; true where it is not.
local function keepsMark(n, member, now)
  if isGone(n, sub(member, 20), now) then return true end
  call('ZREM', n.queue, member)
  call('HDEL', n.records, 'gone:' .. sub(member, 20))
  return false
end

-- A request of which something may still be on its way is refused when that arrives, for so many ms from now.
-- Each mark that is made takes up to two of those away that are over, so that they do not pile up behind a queue that never empties.
local function mark(n, request, span, now, micros)
  if not call('HGET', n.records, 'gone:' .. request) then
    call('ZADD', n.queue, 0, format('%s%016d%s', LAST, micros, request))
  end
  call('HSET', n.records, 'gone:' .. request, format('%d', now + span))
  local first = beforeMarks(n)
  for _, member in ipairs(call('ZRANGE', n.queue, first, first + 1)) do keepsMark(n, member, now) end
  keepRecords(n, span)
end

-- Queue -------------------------------------------------------------------------------------------------------------

-- Whether nobody who conflicts comes before the waiter in any of its other queues.
local function isFirst(n, w, now)
  local rank = call('ZRANK', n.queue, w.member)
  if not rank or rank == 0 then return rank == 0 end
  for _, member in ipairs(call('ZRANGE', n.queue, 0, rank - 1)) do
    local text = call('HGET', n.records, sub(member, 20))
    local other = text and parseWaiter(text)
    if other and now <= other.alive and not (w.mode == 's' and other.mode == 's') then return false end
  end
  return true
end

-- Hands the names to a waiter; false where its connection is gone: it keeps its place, and the next one comes first.
local function give(names, w, me, now, micros)
  local token = mint(names, micros)
  if w.request == me then
    leaveQueues(names, w)
    grant(names, w, token, w.lease, 'h', now)
    return true, token
  end
  if wakeUp(w, format('granted %s %d', w.request, token)) == 0 then return false end
  leaveQueues(names, w)
  grant(names, w, token, CLAIM, 'c', now)
  return true
end

-- The first at or behind a place of the queue who may be served, and its place; takes out the dead on the way, but never `me`.
-- Each waiter is passed once in its life unless it stays: O(log n) for each that is found dead.
local function living(n, place, me, now)
  while true do
    local member = call('ZRANGE', n.queue, place, place)[1]
    if not member then return nil end
    local isMark = sub(member, 1, 3) == LAST
    local text = not isMark and call('HGET', n.records, sub(member, 20))
    local w = text and parseWaiter(text)
    if isMark then
      -- Marks are last, so that nobody waits behind one that still counts.
      if keepsMark(n, member, now) then return nil end
    elseif not w then
      call('ZREM', n.queue, member)
      call('HDEL', n.records, sub(member, 20))
    elseif now > w.alive and w.request ~= me then
      local names = namesOf(w)
      leaveQueues(names, w)
      for _, other in ipairs(names) do tell(other, 'waitEnded', 0, 0, w) end
    else
      return w, place
    end
  end
end

-- Whether all names of a waiter can be looked at. While its slot moves, a cluster's node vouches for keys that came as KEYS alone: a name
-- that did not may be held where it comes from, and look free here. Its waiter is told to look for itself, with all its names.
local function areHere(names, w)
  if sub(w.channel, 1, 16) ~= 'lockstead:shard:' then return true end
  for _, n in ipairs(names) do
    if not n.isDeclared then
      wakeUp(w, 'look ' .. w.request)
      return false
    end
  end
  return true
end

-- Serves a queue from its head: those whose turn it is, and no dead one. Returns the token where `me` was served.
local function serve(n, me, now, micros)
  local place, mine, w = 0, nil, nil
  while true do
    w, place = living(n, place, me, now)
    if not w or not isFree(n, w.mode, now) then return mine end
    local names = namesOf(w)
    local isReady = areHere(names, w)
    for _, other in ipairs(isReady and names or {}) do
      if other ~= n and not (isFree(other, w.mode, now) and isFirst(other, w, now)) then isReady = false end
    end
    local isServed, token = false, nil
    if isReady then isServed, token = give(names, w, me, now, micros) end
    mine = token or mine
    if not isServed then
      if not isReady and w.mode ~= 's' then return mine end
      place = place + 1
    end
  end
end

-- For names that are shared with other programs: the first waiter that hears is told to look; it may find itself too late.
local function wake(n, now)
  local place, w = 0, nil
  while true do
    w, place = living(n, place, '', now)
    if not w or wakeUp(w, 'look ' .. w.request) > 0 then return end
    place = place + 1
  end
end

-- What became free goes to whoever is next.
local function openUp(names, share, now, micros)
  for _, n in ipairs(names) do
    if share == 'foreign' then wake(n, now) else serve(n, '', now, micros) end
  end
end
