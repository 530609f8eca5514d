. "$(dirname "$0")/../kit.sh"
debs aria2=1.36.0-1
does='the first request without Range, then parts on connections of their own; `Want-Digest`'

aria2c() { of aria2c -q --no-conf "$@"; }
work() {
    aria2c -x4 -s4 -k1M -o big "$url/bytes/20000000" && same 'parts of a file' big 20000000
    asked 'GET /bytes/20000000 HTTP/1.1.*Range: bytes=.* -> 206'
    asked 'Want-Digest'
    head -c 3000000 big >rest
    aria2c -c -o rest "$url/bytes/20000000" && same 'download taken up again' rest 20000000
    ok password aria2c -o auth --http-user=user --http-passwd=secret "$url/auth"
    is password 'come in' "$(cat auth)"
    ok redirect aria2c -o redirect "$url/redirect/302" && has redirect 'GET /head' "$(cat redirect)"
    ok 'through our proxy' aria2c -o proxied --http-proxy="$url" "http://127.0.0.1:$port/bytes/1000"
    same 'through our proxy' proxied 1000
    ok 'through our tunnel' aria2c -o tunnelled --http-proxy="$url" --proxy-method=tunnel "http://127.0.0.1:$port/bytes/1000"
    same 'through our tunnel' tunnelled 1000
}
row
