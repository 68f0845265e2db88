-- Asks for the document of each tenant in turn.
local common = dofile("load/common.lua")
local tenants, turn = common.lines("tenants"), 0
function request()
  turn = turn % #tenants + 1
  return wrk.format("GET", tenants[turn] .. "/.well-known/jwks.json")
end
done = common.done
