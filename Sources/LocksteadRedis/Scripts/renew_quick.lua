-- Stands before common.lua and renew.lua, with the same KEYS and ARGV: one exclusive grant without a cap on its hold, as nearly every
-- renewal and every confirmation of a hand-over is.
-- O(1).

if #KEYS == 5 and #ARGV == 5 then
  local value, head = redis.call('GET', KEYS[1]), ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' '
  if value and string.sub(value, 1, 14) == 'lockstead:1 x ' and string.sub(value, 16, 15 + #head) == head then
    local phase = string.sub(value, 15, 15)
    local ends, lease, delay, least, rest = string.match(value, '^(%d+) (%d+) (%d+) (%d+) 0 (.+)$', 16 + #head)
    local t = redis.call('TIME')
    local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
    if ends and (phase == 'h' or phase == 'c') and now <= tonumber(ends) then
      local till = now + tonumber(ARGV[5])
      redis.call('SET', KEYS[1], string.format('lockstead:1 x h%s%d %s %s %s 0 %s', head, till, lease, delay, least, rest),
        'PX', string.format('%d', math.max(1, till + tonumber(delay) - now, tonumber(least) - now)))
      return { 'ok 0' }
    end
  end
end
