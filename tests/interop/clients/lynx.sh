. "$(dirname "$0")/../kit.sh"
debs lynx=2.9.0dev.12-1
does='HTTP/1.0 with Host, no Connection'

lynx() { of lynx -cfg=/dev/null -lss=/dev/null -connect_timeout=30 "$@"; }
work() {
    is page 'a page data' "$(lynx -dump -nolist "$url/files/" | xargs)"
    asked 'GET /files/ HTTP/1.0; Host: 127.0.0.1'
    is source hello "$(lynx -source "$url/hello")"
    lynx -source "$url/bytes/1000000" >big && same 'large download' big 1000000
    has HEAD 'Content-Length: 1000' "$(lynx -head -dump "$url/bytes/1000")"
    has redirect 'GET /head' "$(lynx -source "$url/redirect/302")"
    is password 'come in' "$(lynx -auth=user:secret -source "$url/auth")"
    is POST "$(printf 'a=b' | sum) 3" "$(printf 'a=b\n---\n' | lynx -source -post_data "$url/hash")"
    is stream 'line 3' "$(lynx -source "$url/stream" | tail -n 1)"
    is 'through our proxy' hello "$(http_proxy=$url/ lynx -source "http://127.0.0.1:$port/hello")"
}
row
