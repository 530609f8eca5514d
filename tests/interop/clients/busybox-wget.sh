. "$(dirname "$0")/../kit.sh"
debs busybox=1:1.35.0-4+deb12u1+b1
title='busybox wget'
does='HTTP/1.1, Connection: close; targets raw as they were typed; `-c` takes up a download'

wget() { of busybox wget -q "$@"; }
work() {
    is hello hello "$(wget -O- "$url/hello")"
    asked 'GET /hello HTTP/1.1; Host: 127.0.0.1:[0-9]+; User-Agent: Wget; Connection: close'
    wget -O big "$url/bytes/5000000" && same 'large download' big 5000000
    content 2000000 >rest && wget -c -O rest "$url/bytes/5000000" && same 'download taken up again' rest 5000000
    is POST "$(printf 'a=b' | sum) 3" "$(wget -O- --post-data a=b "$url/hash")"
    has redirect 'GET /head' "$(wget -O- "$url/redirect/302")"
    is password 'come in' "$(wget -O- "http://user:secret@127.0.0.1:$port/auth")"
    has 'a query with a backslash and a lone percent' 'GET /head?a\b`100%' "$(wget -O- "$url/head?a\\b\`100%")"
    is 'through our proxy' hello "$(http_proxy=$url wget -O- "http://127.0.0.1:$port/hello")"
}
mended='queries with a backslash, a backtick or a lone `%` are taken'
row
