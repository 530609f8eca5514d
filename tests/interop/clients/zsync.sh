. "$(dirname "$0")/../kit.sh"
debs zsync=0.6.2-5
does='many ranges in one request, the last beyond the end of the file; wants 206 with parts'

work() {
    content 3000000 >served/file
    { head -c 200000 served/file; head -c 100000 /dev/zero; tail -c +400001 served/file; } >old
    ok zsyncmake of zsyncmake -u "$url/files/file" -o served/file.zsync served/file
    ok zsync of zsync -q -i old -o new "$url/files/file.zsync" && same 'the file' new 3000000
    asked 'GET /files/file HTTP/1.1.*Range: bytes=.* -> 206'
}
row
