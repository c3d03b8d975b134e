-- Stands before common.lua and redlock_acquire.lua, with the same KEYS and ARGV: the way of an uncontended lock on no terms.
-- O(1).

if ARGV[5] == '0 0 0' and redis.call('EXISTS', KEYS[1], KEYS[3]) == 0 then
  local fence, born, t = redis.call('GET', KEYS[2]), redis.call('GET', KEYS[4]), redis.call('TIME')
  local seconds, part = tonumber(t[1]), tonumber(t[2])
  local now, micros = seconds * 1000 + math.floor(part / 1000), seconds * 1000000 + part
  local counter, proposed, token, phase, text = tonumber(fence or '0'), tonumber(ARGV[3]), 0, 'c', '0'
  if not born then redis.call('SET', KEYS[4], string.format('%d', now)) end
  if proposed > counter and proposed >= micros and proposed <= micros + 5000000 then
    counter, token, phase, text = proposed, proposed, 'h', ARGV[3]
    redis.call('SET', KEYS[2], text, 'PX', '604800000')
  end
  redis.call('SET', KEYS[1], string.format('lockstead:1 x %s %s %s %d %s 0 0 0 %d %s -', phase, ARGV[2], text,
    now + tonumber(ARGV[4]), ARGV[4], now, ARGV[6]), 'PX', ARGV[4])
  return { 'taken', token, counter, micros, born and now - tonumber(born) or 0 }
end
