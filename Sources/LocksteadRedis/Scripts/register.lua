-- Loads or changes the small value beside a lock, unless it has seen a newer token (RULES 8).
--
-- KEYS after the five of the name: 6 register, a hash: value, writer, seen (newest token), revision, ends (ms, 0: kept)
-- ARGV 2 "load", "value", "nothing" or "unchanged"  3 token  4 revision it rests on, or "-"  5 ms to keep it, 0 for ever
--      6 value
-- Answers {"stored" or "changed", value, seen, writer, revision, ms left or -1}, value and writer "" where there is none
--         {"stale", newest token} · {"unknown"}: no grant had that token
-- O(1).

local now, micros = clock()
local names = allKeys()
local n, key = names[1], KEYS[6]
-- What a register has seen is kept for a week after its last change; no token older than that is taken where it is forgotten.
local MEMORY = 604800000
local fields = call('HMGET', key, 'value', 'writer', 'seen', 'revision', 'ends')
local r = { value = fields[1] or nil, writer = fields[2] or '', seen = tonumber(fields[3] or '0'),
  revision = tonumber(fields[4] or '0'), ends = tonumber(fields[5] or '0') }
local isOver = r.value and r.ends > 0 and now > r.ends
if isOver then r.value = nil end

local function answer(word)
  local left = r.value and r.ends > 0 and max(0, r.ends - now) or -1
  return { word, r.value or '', format('%d', r.seen), r.value and r.writer or '',
    r.value and format('%d', r.revision) or '0', left }
end

local act = ARGV[2]
if act == 'load' then return answer('stored') end

local token = tonumber(ARGV[3])
if token > max(micros, tonumber(call('GET', n.fence) or '0')) then return { 'unknown' } end
if r.seen > token then return { 'stale', format('%d', r.seen) } end
local holder = parseHolder(call('GET', n.main) or '')
local isHeld = holder and holder.token == token
if r.seen == 0 and not isHeld and token < micros - MEMORY * 1000 then
  return { 'stale', format('%d', micros - MEMORY * 1000) }
end

local rests = ARGV[4] ~= '-' and tonumber(ARGV[4]) or nil
local present = r.value and r.revision or 0
local isDone = (act == 'unchanged' and not rests) or (act == 'nothing' and not r.value)
  or (act == 'value' and r.value == ARGV[6] and r.writer == ARGV[3])
if not isDone and rests and rests ~= present then return answer('changed') end

r.seen = token
call('HSET', key, 'seen', ARGV[3])
if not isDone and act ~= 'unchanged' then
  if act == 'value' then
    r.value, r.writer, r.revision = ARGV[6], ARGV[3], max(micros, r.revision + 1)
    r.ends = ARGV[5] ~= '0' and now + tonumber(ARGV[5]) or 0
    call('HSET', key, 'value', r.value, 'writer', r.writer, 'revision', format('%d', r.revision),
      'ends', format('%d', r.ends))
  else
    r.value = nil
    call('HDEL', key, 'value')
  end
  local who = isHeld and holder or { owner = '00000000000000000000000000000000', mode = 'x', note = ',0,,' }
  tell(n, 'registerChanged', token, r.value and r.ends > 0 and r.ends - now or 0, who)
end
if isOver and not r.value then call('HDEL', key, 'value') end
if r.value and r.ends == 0 then
  call('PERSIST', key)
else
  call('PEXPIRE', key, format('%d', MEMORY + (r.value and r.ends - now or 0)))
end
return answer('stored')
