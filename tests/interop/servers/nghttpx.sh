# nghttpx 1.52 before node, with and without TLS: idle for two seconds.
. "$(dirname "$0")/../works.sh"
title=nghttpx
does='field names in lower case, `Via: 1.1 nghttpx`, 103 passed on'
debs nghttp2-proxy=1.52.0-1+deb12u3
files
papers
origin=$(free_port) port=$(free_port) secure_port=$(free_port)
serve node "$interop/origin.mjs" "$origin" 0 "$www"
up "$origin"
serve of nghttpx --conf=/dev/null -b "127.0.0.1,$origin" -f "127.0.0.1,$port;no-tls" -f "127.0.0.1,$secure_port" \
    --frontend-keep-alive-timeout=2 --workers=1 --errorlog-file="$T/nghttpx" --accesslog-file=/dev/null \
    "$T/key.pem" "$T/cert.pem"
up "$port"
url=http://127.0.0.1:$port secure=https://localhost:$secure_port

work() {
    step GET '200 hello' "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step 'no length' '200 hello' "$url/stream"
    step '204 and 304' '204 nothing, 304 nothing' "$url/204" "$url/304"
    step 'a redirect' '200 hello' "$url/moved"
    step 'POST, Expect' "200 small's hash" -e -X POST -T "$sent-small" "$url/hash"
    step 'POST, chunked' "200 large's hash" -X POST -c "$sent-large" "$url/hash"
    step 'refused early' '413' -X POST -T "$sent-large" "$url/early"
    step 'with TLS' '200 big' -r "$T/ca.pem" "$secure/big"
    step 'with TLS, POST' "200 large's hash" -r "$T/ca.pem" -X POST -c "$sent-large" "$secure/hash"
    mixed "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" "$url/hello" "$url/hash"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
