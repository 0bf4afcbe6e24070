-- Sends one request for each line of a file, in a loop. A line is a token; an empty line is a request
-- without a token. At the end the script prints the results as JSON.
local requests, sent = {}, 0

function init(arguments)
  for token in io.lines(arguments[1]) do
    local headers = { ["User-Agent"] = "wrk", ["Accept"] = "*/*" }
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    requests[#requests + 1] = wrk.format("GET", nil, headers)
  end
end

function request()
  sent = sent % #requests + 1
  return requests[sent]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"refused":%d,"lost":%d,"microseconds":%d,"p50":%d,"p99":%d}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end
