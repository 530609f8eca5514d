. "$(dirname "$0")/../kit.sh"
debs curl=7.88.1-10+deb12u15
does='`Expect: 100-continue` with every `-T` of a file'

curl() { of curl -sS --max-time 30 "$@"; }
work() {
    is hello hello "$(curl "$url/hello")"
    is 'two on one connection' '0' "$(curl -o /dev/null -o /dev/null -w '%{num_connects}' "$url/hello" "$url/hello" | tail -c 1)"
    has HEAD 'Content-Length: 1000' "$(curl -I "$url/bytes/1000")"
    is range "$(content 1000 | tail -c +11 | head -c 10)" "$(curl -r 10-19 "$url/bytes/1000")"
    has 'several ranges' 'Content-Range: bytes 5-5/1000' "$(curl -r 1-2,5-5 "$url/bytes/1000")"
    curl -o big "$url/bytes/20000000" && same 'large download' big 20000000
    content 3000 >small && content 20000000 >large
    is 'upload with Expect' "$(sum small) 3000" "$(curl -T small "$url/hash")"
    asked 'PUT /hash HTTP/1.1.*Expect: 100-continue'
    is 'large upload' "$(sum large) 20000000" "$(curl -T large "$url/hash")"
    is 'chunked upload' "$(sum large) 20000000" "$(curl -T - "$url/hash" <large)"
    asked 'Transfer-Encoding: chunked'
    is 'refused upload' 413 "$(curl -o /dev/null -w '%{http_code}' -T large "$url/refused")"
    curl -o echoed --data-binary @large "$url/echo" && same 'echo of an upload' echoed 20000000
    has redirect 'GET /head' "$(curl -L -d x "$url/redirect/303")"
    has 'redirect of a POST' 'POST /head' "$(curl -L -d x "$url/redirect/307")"
    is 'no password' 401 "$(curl -o /dev/null -w '%{http_code}' "$url/auth")"
    is password 'come in' "$(curl -u user:secret "$url/auth")"
    is stream 'line 3' "$(curl "$url/stream" | tail -n 1)"
    is HTTP/1.0 hello "$(curl -0 "$url/hello")"
    curl -R -o dated "$url/files/data.bin"
    is 'not modified' 304 "$(curl -o /dev/null -w '%{http_code}' -z dated "$url/files/data.bin")"
    is 'through our proxy' hello "$(curl -x "$url" "$url/hello")"
    is 'through our tunnel' hello "$(curl -p -x "$url" "$url/hello")"
}
row
