. "$(dirname "$0")/../kit.sh"
debs wget2=1.99.1-2.2
does='`Host` without its port; asks for brotli, bzip2, xz and lzma as well; HTTP/1.1 kept'

wget2() { of wget2 -q --tries=1 --timeout=30 "$@"; }
work() {
    is hello hello "$(wget2 -O- "$url/hello")"
    asked 'GET /hello HTTP/1.1; Host: 127.0.0.1;'
    wget2 -O big "$url/bytes/5000000" && same 'large download' big 5000000
    content 300000 >upload
    is POST "$(sum upload) 300000" "$(wget2 -O- --post-file=upload "$url/hash")"
    has redirect 'GET /head' "$(wget2 -O- "$url/redirect/301")"
    is password 'come in' "$(wget2 -O- --http-user=user --http-password=secret "$url/auth")"
    is stream 'line 3' "$(wget2 -O- "$url/stream" | tail -n 1)"
    anew
    wget2 -O many "$url/hello" "$url/head" "$url/bytes/1000"
    asked 'GET /bytes/1000'
    is 'pages of one run are all asked for' 3 "$(requests)"
}
row
