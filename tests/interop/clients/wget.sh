. "$(dirname "$0")/../kit.sh"
debs wget=1.21.3-1+deb12u1
does='Connection: Keep-Alive; `-c` sends a Range from the end of what it has; CONNECT with Host'

wget() { of wget -q --tries=1 --timeout=30 "$@"; }
work() {
    is hello hello "$(wget -O- "$url/hello")"
    asked 'GET /hello HTTP/1.1.*Connection: Keep-Alive'
    wget -O big "$url/bytes/5000000" && same 'large download' big 5000000
    content 2000000 >rest && wget -c -O rest "$url/bytes/5000000" && same 'download taken up again' rest 5000000
    asked 'Range: bytes=2000000-'
    content 300000 >upload
    is upload "$(sum upload) 300000" "$(wget -O- --method=PUT --body-file=upload "$url/hash")"
    has redirect 'GET /head' "$(wget -O- "$url/redirect/301")"
    is password 'come in' "$(wget -O- --user=user --password=secret "$url/auth")"
    is 'no password' 6 "$(wget -O- "$url/auth"; echo $?)"
    anew
    wget -r -np -nH -P tree "$url/files/index.html"
    is 'recursive, on one connection' 1 "$(connections)"
    same 'recursive' tree/files/data.bin 100000
    is stream 'line 3' "$(wget -O- "$url/stream" | tail -n 1)"
    is 'through our proxy' hello "$(http_proxy=$url wget -O- "http://127.0.0.1:$port/hello")"
}
row
