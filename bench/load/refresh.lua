-- First line: token path and client_id (one client of one tenant has many grants). Then a refresh token per line.
-- An answer's refresh token is queued and spent by a later request, so each family rotates again and again.
local common = dofile("load/common.lua")
local queue = common.lines("families")
local path, id = queue[1]:match("(%S+) (%S+)")
local first, last = 2, #queue
function request()
  local token = queue[first]
  queue[first] = nil
  first = first + 1
  return common.form(path, "grant_type=refresh_token&client_id=" .. id .. "&refresh_token=" .. token)
end
function response(status, _, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if token then
    last = last + 1
    queue[last] = token
  end
end
done = common.done
