. "$(dirname "$0")/../kit.sh"
debs w3m=0.5.3+git20230121-2
does='HTTP/1.0 with Host, no Connection; asks for gzip, compress, bzip and deflate'

w3m() { of w3m -o confirm_qq=0 "$@"; }
work() {
    is page 'a page data' "$(w3m -dump "$url/files/" | xargs)"
    asked 'GET /files/ HTTP/1.0.*Host: 127.0.0.1'
    is source hello "$(w3m -dump_source "$url/hello")"
    w3m -dump_source "$url/bytes/1000000" >big && same 'large download' big 1000000
    has HEAD 'Content-Length: 1000' "$(w3m -dump_head "$url/bytes/1000")"
    has redirect 'GET /head' "$(w3m -dump_source "$url/redirect/302")"
    is POST "$(printf 'a=b' | sum) 3" "$(printf 'a=b' | w3m -dump_source -post - "$url/hash")"
    is stream 'line 3' "$(w3m -dump_source "$url/stream" | tail -n 1)"
    is 'through our proxy' hello "$(http_proxy=$url/ w3m -dump_source "http://127.0.0.1:$port/hello")"
}
row
