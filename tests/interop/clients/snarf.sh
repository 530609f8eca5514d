. "$(dirname "$0")/../kit.sh"
debs snarf=7.0-9+b1
does='HTTP/1.0 with Host; `-r` sends a Range from the end of what it has'

snarf() { ok "$1" of snarf -q "${@:2}"; }
work() {
    snarf hello "$url/hello" hello && is hello hello "$(cat hello)"
    snarf 'large download' "$url/bytes/20000000" big && same 'large download' big 20000000
    asked 'GET /bytes/20000000 HTTP/1.0'
    head -c 4000 served/data.bin >data
    snarf 'the rest' -r "$url/files/data.bin" data && same 'a download taken up' data 100000
    asked 'GET /files/data.bin HTTP/1.0.*Range: bytes=4000-.* -> 206'
    snarf password "http://user:secret@127.0.0.1:$port/auth" auth && is password 'come in' "$(cat auth)"
    snarf stream "$url/stream" stream && is stream 'line 3' "$(tail -n 1 stream)"
    http_proxy=$url/ snarf 'through our proxy' "http://127.0.0.1:$port/hello" proxied &&
        is 'through our proxy' hello "$(cat proxied)"
}
row
