-- A new client per request, spread over tenants.
local common = dofile("load/common.lua")
local tenants, turn = common.lines("tenants"), 0
local body = '{"client_name":"Bench","redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none"}'
function request()
  turn = turn % #tenants + 1
  return wrk.format("POST", tenants[turn] .. "/register", { ["content-type"] = "application/json" }, body)
end
done = common.done
