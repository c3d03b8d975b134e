-- Arms leases anew, many grants at once, in the order in which they come. Never brings back what is gone (R14).
-- Also the confirmation of a grant that a release made: from here on it lasts for its lease.
--
-- ARGV after the first, for each grant: how many of the names are its, request, token, lease ms
-- Answers for each grant "ok <ms until the maximum hold ends it or 0>", "revoked <reason>", or why it is gone: "free", "other".
-- O(1) for each name that is held exclusively, O(log n) for each that is shared.

local now = clock()
local names, answers, position = allKeys(), {}, 1

local function problem(n, request, token)
  local h = held(n, request, now)
  if not h or h.token ~= token then return n.state == 'free' and 'free' or 'other' end
  -- It ended by itself: what is left of it is its delay.
  if not isLive(h, now) then return 'free' end
  if h.phase == 'r' then return 'revoked ' .. h.reason end
  return nil, h
end

for i = 2, #ARGV, 4 do
  local count, request, token, lease = tonumber(ARGV[i]), ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local answer, own = nil, {}
  for k = position, position + count - 1 do
    local wrong, h = problem(names[k], request, token)
    answer = answer or wrong
    own[#own + 1] = h
  end
  if not answer then
    for k = 1, count do
      local h = own[k]
      h.phase, h.ends = 'h', now + lease
      if h.most > 0 then h.ends = min(h.ends, h.most) end
      put(names[position + k - 1], h, now)
    end
  end
  answers[#answers + 1] = answer or format('ok %d', own[1].most > 0 and own[1].most - now or 0)
  position = position + count
end
return answers
