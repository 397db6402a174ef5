-- Followers of tracked links: every request another link, agent and address. Arguments: file of slugs, number of agents.
local slugs, agents = {}, {}
local place, count = 0, 0

function setup(thread)
  thread:set("seed", math.random(1, 200))
end

function init(args)
  for line in io.lines(args[1]) do slugs[#slugs + 1] = line end
  for number = 1, tonumber(args[2]) do
    agents[number] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537." .. number .. " (KHTML, like Gecko) Chrome/" ..
      (100 + number % 40) .. ".0." .. number .. ".0 Safari/537.36"
  end
end

function request()
  count = count + 1
  place = place % #slugs + 1
  local low, middle, high = count % 250 + 1, math.floor(count / 250) % 250, math.floor(count / 62500) % 250
  return "GET /l/" .. slugs[place] .. " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " .. agents[count % #agents + 1] ..
    "\r\nX-Forwarded-For: " .. seed .. "." .. high .. "." .. middle .. "." .. low .. "\r\n\r\n"
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"answered":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
