# Privoxy 3.0.34.
. "$(dirname "$0")/../works.sh"
title=Privoxy
does='`HTTP/1.1 200 Connection established`; `503 Connect failed`, `404 No such domain`; Proxy-Connection: keep-alive; 400 for a chunked body beyond 4 MiB'
debs privoxy=3.0.34-1
origin
port=$(free_port)
printf 'confdir %s\nlogdir %s\nlisten-address 127.0.0.1:%s\ntoggle 0\nkeep-alive-timeout 2\n' \
    "$root/etc/privoxy" "$T" "$port" >"$T/conf"
serve of privoxy --no-daemon "$T/conf"
up "$port"
proxy=http://127.0.0.1:$port

work() {
    chunked=400 through "$proxy" "$plain" # more than its buffer-limit, 4 MiB
    through "$proxy" "$secure"
    step 'nobody there' '503' -x "$proxy" "$nobody"
    step 'CONNECT, nobody there' 'error: *' -x "$proxy" "$nobody_secure"
    step 'CONNECT, unknown name' 'error: *' -x "$proxy" https://nonesuch.invalid/
    step 'pauses beyond its limit' '3 x 200 hello new' -x "$proxy" -k -n 3 -w 3500 "$plain/hello"
}
row
