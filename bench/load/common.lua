-- Shared by the load scripts: reading what seed.py left, form bodies, and the closing line that run.sh reads.
local common = {}

function common.lines(name)
  local found, algorithm = {}, os.getenv("ALGORITHM") or ""
  if algorithm ~= "" then name = name .. "-" .. algorithm end
  for line in io.lines(".work/" .. name) do found[#found + 1] = line end
  return found
end

function common.form(path, body)
  return wrk.format("POST", path, { ["content-type"] = "application/x-www-form-urlencoded" }, body)
end

function common.done(summary, latency)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("rate=%.0f p99_ms=%.2f errors=%d\n", summary.requests / (summary.duration / 1e6), latency:percentile(99) / 1000, errors))
end

return common
