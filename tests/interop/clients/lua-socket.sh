. "$(dirname "$0")/../kit.sh"
debs lua5.4=5.4.4-3+deb12u1 lua-socket=3.1.0-1+b1
title='LuaSocket'
versions=("${versions[1]#lua-socket }")
does='`TE: trailers`, Connection: close, TE; a source without a length as chunks'

cat >"$T/ask.lua" <<'LUA'
local http, ltn12 = require 'socket.http', require 'ltn12'
local url = arg[1]
local function keep(name, path, options)
  options = options or {}
  options.url, options.sink = url .. path, ltn12.sink.file(io.open(name, 'wb'))
  assert(http.request(options))
end
for _ = 1, 3 do keep('hello', '/hello') end
keep('big', '/bytes/3000000')
local function upload() return ltn12.source.file(io.open('upload', 'rb')) end
keep('put', '/hash', { method = 'PUT', source = upload(), headers = { ['content-length'] = '300000' } })
keep('chunked', '/hash', { method = 'PUT', source = upload() })
keep('redirect', '/redirect/302')
keep('auth', '/auth', { user = 'user', password = 'secret' })
keep('stream', '/stream')
keep('ranged', '/bytes/1000', { headers = { range = 'bytes=10-19' } })
LUA
work() {
    library of env LUA_PATH="$root/usr/share/lua/5.4/?.lua" LUA_CPATH="$(echo "$root"/usr/lib/*-linux-gnu)/lua/5.4/?.so" lua5.4 "$T/ask.lua"
}
row
