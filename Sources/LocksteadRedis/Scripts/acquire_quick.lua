-- Stands before common.lua and acquire.lua, with the same KEYS and ARGV: the ways of an uncontended exclusive lock, and of a first ask for
-- one that is held, which need nothing of what they define. Half of what an acquire costs the server would be their definitions.
-- O(1), and O(log n) over those who wait.

if #KEYS == 5 and ARGV[5] == 'x' and ARGV[18] == '0' and redis.call('EXISTS', KEYS[1], KEYS[3]) == 0 then
  local t = redis.call('TIME')
  local seconds, micros = tonumber(t[1]), tonumber(t[2])
  local now, token = seconds * 1000 + math.floor(micros / 1000), seconds * 1000000 + micros
  token = math.max(token, tonumber(redis.call('GET', KEYS[2]) or '0') + 1)
  local lease, delay, least, most = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
  local ends = now + lease
  if most > 0 then ends = math.min(ends, now + most) end
  local text = string.format('%d', token)
  -- A server that takes no writes refuses this one, before anybody is told anything.
  redis.call('SET', KEYS[2], text, 'PX', 604800000)
  -- Told first: a user that may not publish is refused before the name is taken.
  redis.call('PUBLISH', 'lockstead:events:' .. ARGV[1] .. ':' .. KEYS[1],
    string.format('granted %s %d %s x %s', text, ends - now, ARGV[4], ARGV[17]))
  redis.call('SET', KEYS[1],
    string.format('lockstead:1 x h %s %s %d %d %d %d %d %d %s %s %s -', ARGV[3], text, ends, lease, delay,
      least > 0 and now + least or 0, most > 0 and now + most or 0, now, ARGV[4], ARGV[17], ARGV[13]),
    'PX', math.max(ends + delay - now, least))
  return { 'granted', text, most }
end

-- Held by one whose lease goes on: the request is new, waits, and has its place behind all others.
if #KEYS == 5 and ARGV[2] == 'fair' and ARGV[5] == 'x' and ARGV[11] == '1' and ARGV[14] == '-' and ARGV[15] == '0' and ARGV[18] == '0' then
  local value, t = redis.call('GET', KEYS[1]), redis.call('TIME')
  local seconds, micros = tonumber(t[1]), tonumber(t[2])
  local now = seconds * 1000 + math.floor(micros / 1000)
  micros = seconds * 1000000 + micros
  local holder, ends = string.match(value or '', '^lockstead:1 x [hc] (%S+) %d+ (%d+) ')
  local last = redis.call('ZRANGE', KEYS[3], -1, -1)[1]
  local known = redis.call('HMGET', KEYS[5], ARGV[3], 'gone:' .. ARGV[3])
  if holder and holder ~= ARGV[3] and now <= tonumber(ends) and not known[1] and not known[2]
    and string.sub(last or '', 1, 3) <= '500' and redis.call('ZCARD', KEYS[3]) < tonumber(ARGV[16]) then
    local silence = tonumber(ARGV[12])
    local place = string.format('500%016d%s', micros, ARGV[3])
    redis.call('ZADD', KEYS[3], 0, place)
    redis.call('PUBLISH', 'lockstead:events:' .. ARGV[1] .. ':' .. KEYS[1], string.format('queued 0 0 %s x %s', ARGV[4], ARGV[17]))
    redis.call('HSET', KEYS[5], ARGV[3], string.format('waiter x %s %s %s %d %s %s %s %s %d %s %s %s %s', ARGV[6], ARGV[3], place,
      now + silence, ARGV[7], ARGV[8], ARGV[9], ARGV[10], now, ARGV[4], ARGV[17], ARGV[13], KEYS[1]))
    for _, key in ipairs({ KEYS[5], KEYS[3] }) do
      if redis.call('PTTL', key) < silence then redis.call('PEXPIRE', key, string.format('%d', silence + 60000)) end
    end
    local rank = redis.call('ZRANK', KEYS[3], place)
    return { 'queued', place, rank == 0 and redis.call('PTTL', KEYS[1]) or -1, rank }
  end
end
