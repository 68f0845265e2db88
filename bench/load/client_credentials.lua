-- Each line: token path, client_id, client_secret.
local common = dofile("load/common.lua")
local clients, turn = common.lines("clients"), 0
function request()
  turn = turn % #clients + 1
  local path, id, secret = clients[turn]:match("(%S+) (%S+) (%S+)")
  return common.form(path, "grant_type=client_credentials&client_id=" .. id .. "&client_secret=" .. secret)
end
done = common.done
