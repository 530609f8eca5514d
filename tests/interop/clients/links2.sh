. "$(dirname "$0")/../kit.sh"
debs links2=2.28-1+b2
does='HTTP/1.1, Connection: keep-alive, a long Accept-Charset; CONNECT without Host'
mended='CONNECT without Host is taken'

links() { of links2 -retries 1 -receive-timeout 30 "$@"; }
work() {
    is page 'a page data' "$(links -dump "$url/files/" | xargs)"
    asked 'GET /files/ HTTP/1.1.*Accept-Charset'
    is source hello "$(links -source "$url/hello")"
    links -source "$url/bytes/1000000" >big && same 'large download' big 1000000
    has redirect 'GET /head' "$(links -source "$url/redirect/302")"
    is password 'come in' "$(links -source "http://user:secret@127.0.0.1:$port/auth")"
    is stream 'line 3' "$(links -source "$url/stream" | tail -n 1)"
    is 'through our proxy' hello "$(links -http-proxy "127.0.0.1:$port" -source "http://127.0.0.1:$port/hello")"
    # Nobody speaks TLS behind it.
    links -https-proxy "127.0.0.1:$port" -source "https://127.0.0.1:$port/hello" >/dev/null 2>&1
    asked "CONNECT 127.0.0.1:$port HTTP/1.1.* -> 200"
}
row
