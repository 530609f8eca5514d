. "$(dirname "$0")/../kit.sh"
debs socat=1.7.4.4-2 corkscrew=2.0-14 proxytunnel=1.10.20210604-2 connect-proxy=1.105-1.3 netcat-openbsd=1.219-1
title='socat, corkscrew, proxytunnel, connect-proxy, nc'
does='CONNECT: HTTP/1.0 without any field (socat, corkscrew, connect, nc), or HTTP/1.1 and Host without a port (proxytunnel)'

# Most of them end with their input, so it stays open until the answer is there.
get() { # NAME COMMAND...
    : >"$here/got"
    {
        printf 'GET /bytes/1000 HTTP/1.0\r\n\r\n'
        local try
        for try in $(seq 100); do
            [ "$(stat -c %s "$here/got")" -ge 1000 ] && break
            sleep 0.2
        done
    } | of timeout 40 "$@" >"$here/got"
    tail -c 1000 "$here/got" >"$here/tail"
    same "$1" "$here/tail" 1000
}
work() {
    get socat -t 20 - "PROXY:127.0.0.1:127.0.0.1:$port,proxyport=$port"
    asked "CONNECT 127.0.0.1:$port HTTP/1.0"
    get corkscrew 127.0.0.1 "$port" 127.0.0.1 "$port"
    get proxytunnel -q -p "127.0.0.1:$port" -d "127.0.0.1:$port"
    asked "CONNECT 127.0.0.1:$port HTTP/1.1; Host: 127.0.0.1"
    get connect-proxy -H "127.0.0.1:$port" 127.0.0.1 "$port"
    get nc.openbsd -X connect -x "127.0.0.1:$port" 127.0.0.1 "$port"
}
row
