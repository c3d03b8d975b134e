-- Stands before common.lua and release.lua, with the same KEYS and ARGV: the release of an exclusive lock without delays that
-- nobody waits for.
-- O(1).

if #KEYS == 5 then
  local value = redis.call('GET', KEYS[1])
  local head = 'lockstead:1 x h ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' '
  if value and string.sub(value, 1, #head) == head and redis.call('EXISTS', KEYS[3]) == 0 then
    -- Without a delay the key ends with its lease, so that what is there is live.
    local owner, note = string.match(value, '^%d+ %d+ 0 0 %d+ %d+ (%S+) (%S+) ', #head + 1)
    if owner then
      redis.call('DEL', KEYS[1])
      redis.call('PUBLISH', 'lockstead:events:' .. ARGV[1] .. ':' .. KEYS[1], string.format('released %s 0 %s x %s', ARGV[4], owner, note))
      return { 1, '-' }
    end
  end
end
