-- Stands before common.lua and acquire.lua, with the same KEYS and ARGV: the way of an uncontended exclusive lock, which needs
-- nothing of what they define. Half of what an acquire costs the server would be their definitions.
-- O(1).

if #KEYS == 5 and ARGV[5] == 'x' and ARGV[18] == '0' and redis.call('EXISTS', KEYS[1], KEYS[3]) == 0 then
  local t = redis.call('TIME')
  local seconds, micros = tonumber(t[1]), tonumber(t[2])
  local now, token = seconds * 1000 + math.floor(micros / 1000), seconds * 1000000 + micros
  token = math.max(token, tonumber(redis.call('GET', KEYS[2]) or '0') + 1)
  local lease, delay, least, most = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
  local ends = now + lease
  if most > 0 then ends = math.min(ends, now + most) end
  local text = string.format('%d', token)
  -- Told first: a user that may not publish is refused before the name is taken.
  redis.call('PUBLISH', 'lockstead:events:' .. ARGV[1] .. ':' .. KEYS[1],
    string.format('granted %s %d %s x %s', text, ends - now, ARGV[4], ARGV[17]))
  redis.call('SET', KEYS[2], text, 'PX', 604800000)
  redis.call('SET', KEYS[1],
    string.format('lockstead:1 x h %s %s %d %d %d %d %d %d %s %s %s -', ARGV[3], text, ends, lease, delay,
      least > 0 and now + least or 0, most > 0 and now + most or 0, now, ARGV[4], ARGV[17], ARGV[13]),
    'PX', math.max(ends + delay - now, least))
  return { 'granted', text, most }
end
