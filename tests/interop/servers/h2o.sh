# H2O 2.2.5: files, and a proxy before node.
. "$(dirname "$0")/../works.sh"
title=H2O
does='files with ranges; a proxy; names in lower case'
debs h2o=2.2.5+dfsg2-7
files
port=$(free_port) origin=$(free_port)
cat >"$T/conf" <<CONF
listen:
  host: 127.0.0.1
  port: $port
num-threads: 1
user: root
error-log: $T/errors
http1-request-timeout: 5
hosts:
  default:
    paths:
      /files:
        file.dir: $www
      /:
        proxy.reverse.url: http://127.0.0.1:$origin/
CONF
serve node "$interop/origin.mjs" "$origin" 0 "$www"
up "$origin"
serve of h2o -c "$T/conf"
up "$port"
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/files/hello"
    step HEAD '200 nothing' -X HEAD "$url/files/hello"
    step 'a range' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/files/hello"
    step 'the last bytes' '206 the last 3' -H 'Range: bytes=-3' "$url/files/hello"
    step 'no such range' '416' -H 'Range: bytes=99-' "$url/files/hello"
    step '3 MB' '200 big' "$url/files/big"
    step 'a redirect' '200 the folder' "$url/files/folder"
    step 'not modified' '304 nothing' -H "If-Modified-Since: $modified" "$url/files/hello"
    step 'proxy, no length' '200 hello' "$url/stream"
    step 'proxy, 204 and 304' '204 nothing, 304 nothing' "$url/204" "$url/304"
    step 'proxy, POST, Expect' "200 small's hash" -e -X POST -T "$sent-small" "$url/hash"
    step 'proxy, POST, chunked' "200 large's hash" -X POST -c "$sent-large" "$url/hash"
    step 'proxy, refused early' '413' -X POST -T "$sent-large" "$url/early"
    mixed "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" "$url/files/hello" "$url/hash"
}
row
