. "$(dirname "$0")/../kit.sh"
debs lftp=4.9.2-2+b1
does='HTTP/1.1 kept; `put` tells Last-Modified and X-OC-MTime; CONNECT without Host'
mended='CONNECT without Host is taken'

lftp() { of lftp -c "set net:timeout 30; set net:max-retries 1; set cmd:fail-exit yes; $*"; }
work() {
    ok get lftp "get $url/bytes/5000000 -o big" && same 'large download' big 5000000
    content 300000 >upload
    ok put lftp "put upload -o $url/files/kept" && is put "$(sum upload)" "$(sum served/kept)"
    asked 'PUT /files/kept HTTP/1.1.*X-OC-MTime'
    content 2000000 >rest
    ok 'get -c' lftp "get -c $url/bytes/5000000 -o rest" && same 'download taken up again' rest 5000000
    is password 'come in' "$(lftp "cat http://user:secret@127.0.0.1:$port/auth")"
    ok pget lftp "pget -n 4 $url/bytes/5000000 -o parts" && same "parts of a file" parts 5000000
    is 'through our proxy' hello "$(lftp "set http:proxy $url; cat http://127.0.0.1:$port/hello")"
    # It asks with CONNECT for what is FTP or TLS; nobody speaks TLS behind it.
    of timeout 10 lftp -c "set net:max-retries 1; set https:proxy $url; set ssl:verify-certificate no; cat https://127.0.0.1:$port/hello" >/dev/null 2>&1
    asked "CONNECT 127.0.0.1:$port HTTP/1.1.* -> 200"
}
row
