# mini_httpd 1.30: `200 Ok`, closes always, no ranges.
. "$(dirname "$0")/../works.sh"
title=mini_httpd
does='`200 Ok`, `charset=%s`, closes always'
debs mini-httpd=1.30-3
files
port=$(free_port)
serve of mini_httpd -D -p "$port" -h 127.0.0.1 -d "$www" -u root -i "$T/pid"
up "$port"
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step 'a range that it does not know' '200 hello' -H 'Range: bytes=2-5' "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step 'a redirect' '200 the folder' "$url/folder"
    step 'not there' '404' "$url/none"
    step 'not modified' '304 nothing' -H "If-Modified-Since: $modified" "$url/hello"
    step 'POST that is refused' '501' -X POST -d "$sent-small" "$url/hello"
    steps '200 requests in turn' '100 x 200 hello, 100 x 200 nothing' -n 100 "$url/hello" --next -X HEAD "$url/hello"
}
row
