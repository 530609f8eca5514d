. "$(dirname "$0")/../kit.sh"
pypi httpie==3.2.4
does='requests underneath; JSON as it is typed; a piped file as chunks with `--chunked`'

http() { "$venv/bin/http" --ignore-stdin --timeout 30 "$@"; }
work() {
    is hello hello "$(http -b "$url/hello")"
    asked 'GET /hello HTTP/1.1.*User-Agent: HTTPie'
    has JSON 'Content-Type: application/json' "$(http -b "$url/head" a=b)"
    content 300000 >upload
    is upload "$(sum upload) 300000" "$("$venv/bin/http" -b PUT "$url/hash" <upload)"
    is 'upload without a length' "$(sum upload) 300000" "$("$venv/bin/http" -b --chunked PUT "$url/hash" <upload)"
    asked 'Transfer-Encoding: chunked'
    http -d -o big "$url/bytes/3000000" >/dev/null 2>&1 && same 'large download' big 3000000
    has redirect 'GET /head' "$(http -b --follow "$url/redirect/302")"
    is password 'come in' "$(http -b -a user:secret "$url/auth")"
    is stream 'line 3' "$(http -b --stream "$url/stream" | sed '/^$/d' | tail -n 1)"
}
row
