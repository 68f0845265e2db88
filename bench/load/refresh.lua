-- First line: token path and client_id (one client of one tenant has many grants). Then a refresh token per line.
-- An answer's refresh token is queued and spent by a later request, so each family rotates again and again.
-- Each round has families of its own: those of the round before are spent.
local common = dofile("load/common.lua")
local PER_ROUND = 64
local lines, round = common.lines("families"), tonumber(os.getenv("ROUND"))
local path, id = lines[1]:match("(%S+) (%S+)")
local queue, first, last = {}, 1, PER_ROUND
for index = 1, PER_ROUND do
  queue[index] = lines[1 + (round - 1) * PER_ROUND + index]
end

function request()
  local token = queue[first]
  queue[first] = nil
  first = first + 1
  return common.form(path, "grant_type=refresh_token&client_id=" .. id .. "&refresh_token=" .. token)
end

function response(_, _, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if token then
    last = last + 1
    queue[last] = token
  end
end
done = common.done
