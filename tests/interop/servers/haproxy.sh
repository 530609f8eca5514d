# haproxy 2.6.12 before node: 103, a server that is not there, 408 to who says nothing.
. "$(dirname "$0")/../works.sh"
title=haproxy
does='103; 503 with a length, kept alive; 408 to a connection that asks nothing'
debs haproxy=2.6.12-1+deb12u4
files
origin=$(free_port) port=$(free_port) idle=$(free_port) closed=$(free_port)
cat >"$T/conf" <<CONF
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
  timeout http-keep-alive 2s
  retries 0
frontend front
  bind 127.0.0.1:$port
  http-request early-hint Link </a.css> if { path /hello }
  use_backend none if { path /none }
  default_backend node
frontend impatient
  bind 127.0.0.1:$idle
  timeout http-request 1s
  timeout client 1s
  default_backend node
backend node
  server origin 127.0.0.1:$origin
backend none
  server nobody 127.0.0.1:$closed
CONF
serve node "$interop/origin.mjs" "$origin" 0 "$www"
serve of haproxy -f "$T/conf"
up "$origin"
up "$port"
url=http://127.0.0.1:$port

work() {
    step 'GET, with 103' '200 hello' "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step 'no length' '200 hello' "$url/stream"
    step '204 and 304' '204 nothing, 304 nothing' "$url/204" "$url/304"
    step 'a redirect' '200 hello' "$url/moved"
    step 'POST, Expect' "200 small's hash" -e -X POST -T "$sent-small" "$url/hash"
    step 'POST, chunked' "200 large's hash" -X POST -c "$sent-large" "$url/hash"
    step 'refused early' '413' -X POST -T "$sent-large" "$url/early"
    step 'no server' '3 x 503' -n 3 "$url/none"
    mixed "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" "$url/hello" "$url/hash"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 2500 "$url/hello"
    step 'pauses, and 408 unasked' '3 x 200 hello new' -k -n 3 -w 1500 "http://127.0.0.1:$idle/hello"
}
row
