# webfs 1.21: keeps alive for ten seconds and does not say so.
. "$(dirname "$0")/../works.sh"
title=webfs
does='idle for 10 s, unannounced; an unsatisfiable range is 400'
debs webfs=1.21+ds1-12+b1
files
port=$(free_port)
serve of webfsd -F -i 127.0.0.1 -p "$port" -r "$www" -f index.html
up "$port"
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step 'a range' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/hello"
    step 'no such range' '400' -H 'Range: bytes=99-' "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step 'not there' '404' "$url/none"
    step 'POST that is refused' 'error: *: the connection was reset*' -X POST -d "$sent-small" "$url/hello"
    steps '200 requests in turn' '99 x 200 hello kept, 200 hello new, 100 x 200 nothing kept' -k -n 100 "$url/hello" --next -X HEAD "$url/hello"
    step 'pauses beyond its limit' '2 x 200 hello new' -k -n 2 -w 11500 "$url/hello"
}
row
