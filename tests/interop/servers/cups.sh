# CUPS 2.4.2.
. "$(dirname "$0")/../works.sh"
title=CUPS
does='HEAD for a page answered twice, with 200 and 404; Accept-Encoding in responses; 404 closes'
mended='a GET behind a HEAD got the second answer'
debs cups-daemon=2.4.2-3+deb12u9
files
port=$(free_port)
mkdir -p "$T/cups/tmp" "$T/cups/spool" "$T/cups/state" "$T/cups/cache"
cat >"$T/cups/cups-files.conf" <<CONF
ServerRoot $T/cups
RequestRoot $T/cups/spool
StateDir $T/cups/state
CacheDir $T/cups/cache
TempDir $T/cups/tmp
ServerBin $root/usr/lib/cups
DataDir $root/usr/share/cups
DocumentRoot $www
AccessLog $T/cups/access
ErrorLog $T/cups/error
PageLog $T/cups/page
CONF
cat >"$T/cups/cupsd.conf" <<CONF
Listen 127.0.0.1:$port
Browsing Off
WebInterface Yes
KeepAliveTimeout 2
<Location />
Order allow,deny
Allow all
</Location>
CONF
cp "$www/hello" "$www/hello.html"
serve of cupsd -f -c "$T/cups/cupsd.conf" -s "$T/cups/cups-files.conf"
up "$port"
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/hello.html"
    step HEAD '200 nothing' -X HEAD "$url/hello.html"
    step 'not there' '3 x 404' -n 3 "$url/none.html"
    steps '200 requests in turn' '100 x 200 hello, 100 x 200 nothing' -n 100 "$url/hello.html" --next -X HEAD "$url/hello.html"
    step 'pauses' '*200 hello*' -k -n 3 -w 3500 "$url/hello.html"
}
row
