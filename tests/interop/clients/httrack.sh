. "$(dirname "$0")/../kit.sh"
debs httrack=3.49.4-1 libhttrack2=3.49.4-1
does='a mirror: links that it finds, kept connections, then an update with If-Modified-Since and If-None-Match'

work() {
    for page in $(seq 20); do
        content $((page * 3000)) >"served/part$page.bin"
        echo "<html><body><a href=\"part$page.bin\">a part</a></body></html>" >"served/page$page.html"
        echo "<a href=\"page$page.html\">page</a>"
    done >served/links
    { echo '<html><body>'; cat served/links; echo '</body></html>'; } >served/index.html
    touch -d '2024-01-01 UTC' served/*
    local options=(-q -%v0 -O mirror -s0 -c4 -A100000000 -%c100)
    ok mirror of httrack "$url/files/index.html" "${options[@]}"
    local there="mirror/127.0.0.1_$port/files"
    is 'twenty parts' "$(cat served/part*.bin | sum)" "$(cat "$there"/part*.bin | sum)"
    asked 'GET /files/part7.bin HTTP/1.1.*Referer: '
    anew
    ok update of httrack --update "${options[@]}"
    asked 'GET /files/part7.bin HTTP/1.1.*If-Modified-Since: .* -> 304'
    is 'twenty parts, again' "$(cat served/part*.bin | sum)" "$(cat "$there"/part*.bin | sum)"
}
row
