. "$(dirname "$0")/../kit.sh"
. "$(dirname "$0")/../apache-dav.sh"
debs cadaver=0.24+dfsg-1 apache2-bin=2.4.71-1~deb12u1
title='cadaver, through our proxy'
does='`TE: trailers`, `Keep-Alive: ` empty, `Connection: TE, Keep-Alive`; twelve methods of WebDAV'

work() {
    apache_dav ''
    content 300000 >upload
    cat >commands <<COMMANDS
open http://127.0.0.1:$apache/dav/
mkcol folder
put upload folder/one
copy folder/one folder/two
move folder/two folder/three
propset folder/one colour blue
propget folder/one colour
lock folder/one
unlock folder/one
get folder/three fetched
ls folder
delete folder/one
quit
COMMANDS
    of cadaver -r /dev/null -p "127.0.0.1:$port" <commands >said 2>&1
    has 'ls' 'three' "$(cat said)"
    is 'nothing failed' 0 "$(grep -ci 'failed\|error' said)"
    same 'what was put, moved and fetched' fetched 300000
    is 'DELETE' "$(sum upload)" "$(sum apache/dav/folder/three)"
    local method
    for method in OPTIONS PROPFIND MKCOL PUT COPY MOVE PROPPATCH LOCK UNLOCK GET DELETE; do
        asked "$method http://127.0.0.1:$apache/dav/"
    done
}
row
