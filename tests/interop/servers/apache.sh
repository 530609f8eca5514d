# Apache 2.4.71: files, gzip, a redirect, CGI, an early 413.
. "$(dirname "$0")/../works.sh"
title=Apache
does='announces nothing to HTTP/1.1, answers an early 413 up to the close, takes content out of a 204 of CGI'
debs apache2-bin=2.4.71-1~deb12u1
files
port=$(free_port)
mkdir -p "$T/cgi"
cat >"$T/cgi/hash" <<'SH'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
sha256sum | head -c 64
SH
printf '#!/bin/sh\nprintf "Status: 204\\r\\nContent-Type: text/plain\\r\\n\\r\\nhello\\n"\n' >"$T/cgi/204"
chmod +x "$T"/cgi/*
modules=$root/usr/lib/apache2/modules
{
    for module in mpm_event authz_core cgid alias dir mime filter deflate; do
        echo "LoadModule ${module}_module $modules/mod_$module.so"
    done
    cat <<CONF
ServerRoot $T
ServerName here
Listen 127.0.0.1:$port
PidFile $T/apache.pid
ErrorLog $T/apache.errors
DefaultRuntimeDir $T
ScriptSock $T/cgid
DocumentRoot $www
KeepAliveTimeout 2
TypesConfig /dev/null
AddType text/plain .txt
AddOutputFilterByType DEFLATE text/plain
ScriptAlias /cgi/ $T/cgi/
<Location /limited>
LimitRequestBody 1000
</Location>
<Location />
Require all granted
</Location>
CONF
} >"$T/conf"
serve of apache2 -X -f "$T/conf"
up "$port"
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step 'a range' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/hello"
    step 'the last bytes' '206 the last 3' -H 'Range: bytes=-3' "$url/hello"
    step 'no such range' '416' -H 'Range: bytes=99-' "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step gzip '200 text' -z "$url/text.txt"
    step 'a redirect' '200 the folder' "$url/folder"
    step 'not modified' '304 nothing' -H "If-Modified-Since: $modified" "$url/hello"
    step '204 of a CGI that writes content' '3 x 204 nothing' -n 3 "$url/cgi/204"
    step 'POST to a CGI' "200 small's hash" -X POST -d "$sent-small" "$url/cgi/hash"
    step 'POST, chunked, Expect' "200 large's hash" -e -X POST -c "$sent-large" "$url/cgi/hash"
    step 'PUT of a file' '405' -T "$sent-large" "$url/hello"
    step 'too much' '413' -X POST -T "$sent-large" "$url/limited"
    step 'too much, chunked' '413' -X POST -c "$sent-large" "$url/limited"
    step 'too much, Expect' '413' -e -X POST -T "$sent-large" "$url/limited"
    mixed "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" "$url/hello" "$url/cgi/hash"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 2500 "$url/hello"
}
row
