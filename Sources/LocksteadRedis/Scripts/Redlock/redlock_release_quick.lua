-- Stands before common.lua and redlock_release.lua, with the same KEYS and ARGV: the release of a lock without delays that nobody
-- waits for.
-- O(1).

if ARGV[4] == '0' then
  local value = redis.call('GET', KEYS[1])
  local head = 'lockstead:1 x h ' .. ARGV[2] .. ' '
  if value and string.sub(value, 1, #head) == head and redis.call('EXISTS', KEYS[3]) == 0
    and string.match(value, '^%d+ %d+ %d+ 0 0 ', #head + 1) then
    redis.call('DEL', KEYS[1])
    return { 1, '-' }
  end
end
