# pproxy 2.7.9: SOCKS that succeeds before it has dialled, CONNECT that says it will close.
. "$(dirname "$0")/../works.sh"
title=pproxy
does='CONNECT: `200` with `Connection: close`; a refused CONNECT ends without a byte; SOCKS succeeds before it dials'
mended='a CONNECT that ends without an answer did not name the proxy'
pypi pproxy==2.7.9
origin
port=$(free_port)
serve "$venv/bin/python" -m pproxy -l "http+socks5://127.0.0.1:$port"
up "$port"

work() {
    through "http://127.0.0.1:$port" "$secure"
    through "socks5://127.0.0.1:$port" "$plain"
    step 'CONNECT, nobody there' 'error: *' -x "http://127.0.0.1:$port" "$nobody_secure"
    step 'SOCKS, nobody there' 'error: *' -x "socks5h://127.0.0.1:$port" "$nobody"
}
row
