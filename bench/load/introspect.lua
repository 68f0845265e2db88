-- Each line: introspection path, credential id, credential secret, access token.
local common = dofile("load/common.lua")
local tokens, turn = common.lines("introspections"), 0
function request()
  turn = turn % #tokens + 1
  local path, id, secret, token = tokens[turn]:match("(%S+) (%S+) (%S+) (%S+)")
  return common.form(path, "client_id=" .. id .. "&client_secret=" .. secret .. "&token=" .. token)
end
done = common.done
