# Transmission 3.00's RPC: 409 with what is to be sent back, HEAD answered with content.
. "$(dirname "$0")/../works.sh"
title=Transmission
does='409 with X-Transmission-Session-Id, kept; HEAD: 405 with content, without a length, on a connection that stays open'
debs transmission-daemon=3.00-2.1+deb12u1
files
port=$(free_port)
mkdir "$T/web"
export TRANSMISSION_WEB_HOME=$T/web
serve of transmission-daemon -f -g "$T/transmission" --no-auth -p "$port" -r 127.0.0.1 -P 0 --no-portmap --no-dht --no-lpd --no-utp
up "$port"
url=http://127.0.0.1:$port/transmission/rpc

work() {
    step 'POST without a session' '3 x 409' -n 3 -X POST -d "$sent-small" "$url"
    step 'a redirect' '404' "http://127.0.0.1:$port/"
    step 'HEAD, and GET behind it' '405, 409' -X HEAD "http://127.0.0.1:$port/transmission/web/" --next "$url"
    steps '300 requests in turn' '100 x 405, 200 x 409' -n 100 -X HEAD "http://127.0.0.1:$port/transmission/web/" \
        --next "$url" --next -X POST -d "$sent-small" "$url"
}
row
