-- wrk's part: asks the prepared requests in turns, and says what it saw as one line of JSON.
-- Arguments after "--": method, file of paths (one a line), file of the body ("-" for none).
local requests, at = {}, 0

local function content(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(arguments)
  local method, headers, body = arguments[1], {}, nil
  if arguments[3] ~= "-" then
    headers["Content-Type"] = "application/json"
    body = content(arguments[3])
  end
  for path in io.lines(arguments[2]) do
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nSUMMARY {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
