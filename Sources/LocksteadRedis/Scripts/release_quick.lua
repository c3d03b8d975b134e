-- Stands before common.lua and release.lua, with the same KEYS and ARGV: the release of an exclusive lock without delays that nobody
-- waits for, or that is handed over to the first in the queue: a living exclusive waiter for this name alone.
-- O(1), and O(log n) over those who wait.

if #KEYS == 5 then
  local value = redis.call('GET', KEYS[1])
  local head = 'lockstead:1 x h ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' '
  local t = redis.call('TIME')
  local seconds, micros = tonumber(t[1]), tonumber(t[2])
  local now = seconds * 1000 + math.floor(micros / 1000)
  micros = seconds * 1000000 + micros
  local ends, owner, note
  if value and string.sub(value, 1, #head) == head then
    ends, owner, note = string.match(value, '^(%d+) %d+ 0 0 %d+ %d+ (%S+) (%S+) ', #head + 1)
    -- A key that someone made to last.
    if owner and now > tonumber(ends) then owner = nil end
  end
  local first = owner and redis.call('ZRANGE', KEYS[3], 0, 0)[1]
  local events = 'lockstead:events:' .. ARGV[1] .. ':' .. KEYS[1]
  if owner and not first then
    redis.call('DEL', KEYS[1])
    redis.call('PUBLISH', events, string.format('released %s 0 %s x %s', ARGV[4], owner, note))
    return { 1, '-' }
  end
  -- Marks, which are last, are no waiters and have no records.
  local waiter = first and ARGV[2] == 'fair' and redis.call('HGET', KEYS[5], string.sub(first, 20))
  if waiter then
    local request, alive, lease, delay, least, most, who, theirs, channel, names = string.match(waiter,
      '^waiter x %a (%S+) %S+ (%d+) (%d+) (%d+) (%d+) (%d+) %d+ (%S+) (%S+) (%S+) (.+)$')
    if request and names == KEYS[1] and now <= tonumber(alive) and string.sub(channel, 1, 16) ~= 'lockstead:shard:' then
      local token = string.format('%d', math.max(micros, tonumber(redis.call('GET', KEYS[2]) or '0') + 1))
      -- Changes nothing. A server that is full takes it, and whatever follows in this script; one that takes no writes at all refuses it
      -- before anybody is told anything.
      redis.call('HDEL', KEYS[5], '-')
      -- Where nobody listens, the long way passes the waiter over.
      if redis.call('PUBLISH', channel, 'granted ' .. request .. ' ' .. token) > 0 then
        redis.call('PUBLISH', events, string.format('released %s 0 %s x %s', ARGV[4], owner, note))
        redis.call('SET', KEYS[2], token, 'PX', '604800000')
        redis.call('ZREM', KEYS[3], first)
        redis.call('HDEL', KEYS[5], request, 'overtaken:' .. request)
        local function from(span) return tonumber(span) > 0 and now + tonumber(span) or 0 end
        local cap, claim = from(most), 1000
        if cap > 0 then claim = math.min(claim, cap - now) end
        redis.call('PUBLISH', events, string.format('granted %s %d %s x %s', token, claim, who, theirs))
        redis.call('SET', KEYS[1], string.format('lockstead:1 x c %s %s %d %s %s %d %d %d %s %s %s -', request, token, now + claim, lease,
          delay, from(least), cap, now, who, theirs, channel), 'PX', string.format('%d', math.max(1, claim)))
        return { 1, '-' }
      end
    end
  end
end
