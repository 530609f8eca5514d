# tinyproxy 1.11.1: closes behind every plain answer and does not say so.
. "$(dirname "$0")/../works.sh"
title=tinyproxy
does='`HTTP/1.0 200 Connection established`; `500 Unable to connect`; plain answers closed unannounced'
mended='every second POST failed'
debs tinyproxy-bin=1.11.1-2.1+deb12u1
origin
port=$(free_port) filtering=$(free_port)
printf 'Port %s\nListen 127.0.0.1\nTimeout 30\n' "$port" >"$T/conf"
serve of tinyproxy -d -c "$T/conf"
echo '^localhost$' >"$T/filter"
printf 'Port %s\nListen 127.0.0.1\nTimeout 30\nFilter "%s"\nFilterDefaultDeny No\n' "$filtering" "$T/filter" >"$T/filter.conf"
serve of tinyproxy -d -c "$T/filter.conf"
up "$port"
up "$filtering"
proxy=http://127.0.0.1:$port

work() {
    through "$proxy" "$plain"
    through "$proxy" "$secure"
    step 'nobody there' '500' -x "$proxy" "$nobody"
    step 'CONNECT, nobody there' 'error: *' -x "$proxy" "$nobody_secure"
    step 'CONNECT, refused' 'error: *' -x "http://127.0.0.1:$filtering" "$secure/hello"
}
row
