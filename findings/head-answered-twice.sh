#!/usr/bin/env bash
# HEAD at a printer's server, and the next request on the connection.
#
# CUPS 2.4.2, the printing system of Debian 12, serves a page of its web interface. Clients
# that keep their connections ask HEAD for it, and then GET.
#
# A good guess: 200 without content, and 200 with it, each time.
#
# Seen: CUPS answers HEAD for a file with two responses, 200 with `Connection: Keep-Alive` and right
# behind it 404 with `Connection: close` and neither length nor content, and closes. Where the
# second comes after the client has looked at its idle connection, and before it reads, the GET
# is answered with 404: curl 7.88.1 has that about once in twenty times. The 404 begins as a
# response does, so that nobody can tell it from one.
. "$(dirname "$0")/kit.sh"

debs cups-daemon=2.4.2-3+deb12u9 curl=7.88.1-10+deb12u15
mkdir -p "$T/cups/tmp" "$T/cups/spool" "$T/cups/state" "$T/cups/cache" "$T/www"
echo hello >"$T/www/hello.html"
port=$(free_port)
cat >"$T/cups/cups-files.conf" <<CONF
ServerRoot $T/cups
RequestRoot $T/cups/spool
StateDir $T/cups/state
CacheDir $T/cups/cache
TempDir $T/cups/tmp
ServerBin $root/usr/lib/cups
DataDir $root/usr/share/cups
DocumentRoot $T/www
AccessLog $T/cups/access
ErrorLog $T/cups/error
PageLog $T/cups/page
CONF
cat >"$T/cups/cupsd.conf" <<CONF
Listen 127.0.0.1:$port
Browsing Off
WebInterface Yes
<Location />
Order allow,deny
Allow all
</Location>
CONF
serve of cupsd -f -c "$T/cups/cupsd.conf" -s "$T/cups/cups-files.conf"
up "$port"
url=http://127.0.0.1:$port/hello.html

see 'CUPS itself' '200, 404; the end' "$(python3 - "$port" <<'PY'
import re, socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.settimeout(10)
peer.sendall(b"HEAD /hello.html HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
got = b""
while piece := peer.recv(65536):
    got += piece
print(", ".join(re.findall(r"HTTP/1.1 (\d+)", got.decode())) + "; the end")
PY
)"
curl_rounds() {
    local round said
    for round in $(seq 300); do
        said=$(of curl -s -o "$T/said" -I "$url" --next -s -o "$T/said" -w '%{http_code}' "$url")
        [ "$said" = 200 ] || { echo "200, and once $said"; return; }
    done
    echo 'always 200'
}
see curl '200, and once 404' "$(curl_rounds)"
verdict
