. "$(dirname "$0")/../kit.sh"
debs zsync=0.6.2-5
does='many ranges in one request, the last beyond the end of the file; wants 206 with parts'

work() {
    content 3000000 >served/file
    { head -c 200000 served/file; head -c 100000 /dev/zero; tail -c +400001 served/file; } >old
    ok zsyncmake of zsyncmake -u "$url/files/file" -o served/file.zsync served/file
    ok zsync of zsync -q -i old -o new "$url/files/file.zsync" && same 'the file' new 3000000
    asked 'GET /files/file HTTP/1.1.*Range: bytes=.* -> 206'
    # Twenty holes are twenty ranges; a relative URL is one of the control file's.
    cp served/file holes
    for hole in $(seq 20); do
        dd if=/dev/zero of=holes bs=1000 seek=$((hole * 140)) count=10 conv=notrunc 2>dd.log
    done
    ok 'zsyncmake, relative' of zsyncmake -u file -o served/relative.zsync served/file
    anew
    ok 'twenty holes' of zsync -q -i holes -o filled "$url/files/relative.zsync" && same 'what was filled' filled 3000000
    asked 'Range: bytes=[0-9]+-[0-9]+,[0-9]+-[0-9]+'
    # Nothing to begin with, and compressed on the server.
    content 400000 >served/plain
    gzip -9n -k served/plain
    ok 'zsyncmake, gzip' of zsyncmake -u "$url/files/plain.gz" -o served/plain.zsync served/plain.gz
    head -c 150000 served/plain >part
    ok 'compressed there' of zsync -q -i part -o whole "$url/files/plain.zsync" &&
        gzip -dcf whole >plain && same 'what was compressed' plain 400000
    ok 'through our proxy' env http_proxy="$url/" LD_LIBRARY_PATH="$root/usr/lib" "$root/usr/bin/zsync" -q -i old -o proxied "$url/files/file.zsync" &&
        same 'what came through it' proxied 3000000
}
row
