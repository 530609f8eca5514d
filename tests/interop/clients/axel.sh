. "$(dirname "$0")/../kit.sh"
debs axel=2.17.11-3
does='HTTP/1.0; probes with `Range: bytes=0-` and resets that, then asks for four closed ranges'

work() {
    ok axel of axel -q -n4 -o big "$url/bytes/20000000" && same 'parts of a file' big 20000000
    asked 'GET /bytes/20000000 HTTP/1.0.*Range: bytes=0-;? '
    asked 'Range: bytes=[1-9][0-9]*-.* -> 206'
    ok 'axel, redirect' of axel -q -n1 -o redirect "$url/redirect/302" && has redirect 'GET /head' "$(cat redirect)"
}
row
