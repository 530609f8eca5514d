. "$(dirname "$0")/../kit.sh"
debs cups-ipp-utils=2.4.2-3+deb12u9 socat=1.7.4.4-2
versions=("${versions[0]}")
does='`Expect: 100-continue` on every POST, with the body begun in the same packet'
mended='100 (Continue) comes although the body has begun: each request took a second'

work() {
    mkdir -p served/cgi
    cat >served/cgi/ipp <<'CGI'
#!/usr/bin/env python3
import os, sys
request = sys.stdin.buffer.read(int(os.environ['CONTENT_LENGTH']))
open(os.environ['PATH_TRANSLATED_'] if 'PATH_TRANSLATED_' in os.environ else os.path.dirname(__file__) + '/last', 'wb').write(request)
answer = request[:2] + b'\0\0' + request[4:8] + b'\x01\x47\0\x12attributes-charset\0\5utf-8' \
    b'\x48\0\x1battributes-natural-language\0\2en\3'
sys.stdout.buffer.write(b'Content-Type: application/ipp\r\n\r\n' + answer)
CGI
    sed -i "s/os.environ\['PATH_TRANSLATED_'\] if .* else //" served/cgi/ipp
    chmod +x served/cgi/ipp
    cat >print.test <<'TEST'
{
    NAME "print"
    OPERATION Print-Job
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR language attributes-natural-language en
    ATTR uri printer-uri $uri
    FILE $filename
    STATUS successful-ok
}
TEST
    content 300000 >document
    # Between them, what goes by is written down.
    local between
    between=$(free_port)
    serve of socat -v "TCP-LISTEN:$between,bind=127.0.0.1,fork,reuseaddr" "TCP:127.0.0.1:$port" 2>seen
    up "$between"
    ok job of ipptool -T 30 -f document "ipp://127.0.0.1:$between/cgi/ipp/printer" "$here/print.test"
    is document "$(sum document)" "$(tail -c 300000 served/cgi/last | sum)"
    asked 'POST /cgi/ipp/printer HTTP/1.1.*Expect: 100-continue'
    has '100 (Continue)' 'HTTP/1.1 100 Continue' "$(grep -a 'HTTP/1.1 ' "$T/served.log")"
}
row
