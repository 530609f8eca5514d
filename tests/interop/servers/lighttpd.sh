# lighttpd 1.4.69: files, CGI with 103, an upload that is refused at once.
. "$(dirname "$0")/../works.sh"
title=lighttpd
does='103 of a CGI passed on, POST with Expect to a file answered with it and no 100, PUT 501 at once and closed'
debs lighttpd=1.4.69-1
files
port=$(free_port)
mkdir -p "$www/cgi"
cat >"$www/cgi/hash" <<'SH'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
sha256sum | head -c 64
SH
cat >"$www/cgi/hints" <<'SH'
#!/bin/sh
printf 'Status: 103\r\nLink: </a.css>\r\n\r\nStatus: 200\r\nContent-Type: text/plain\r\n\r\nhello world\n'
SH
printf '#!/bin/sh\nprintf "Status: 204\\r\\nContent-Type: text/plain\\r\\n\\r\\nhello\\n"\n' >"$www/cgi/204"
chmod +x "$www"/cgi/*
cat >"$T/conf" <<CONF
server.document-root = "$www"
server.bind = "127.0.0.1"
server.port = $port
server.modules = ( "mod_cgi", "mod_indexfile" )
mimetype.assign = ( "" => "text/plain" )
index-file.names = ( "index.html" )
server.max-keep-alive-idle = 2
server.max-keep-alive-requests = 50
\$HTTP["url"] =~ "^/cgi/" { cgi.assign = ( "" => "" ) cgi.local-redir = "enable" }
CONF
serve of lighttpd -D -f "$T/conf" -m "$root/usr/lib/lighttpd"
up "$port"
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step 'a range' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/hello"
    step 'the last bytes' '206 the last 3' -H 'Range: bytes=-3' "$url/hello"
    step 'no such range' '416' -H 'Range: bytes=99-' "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step 'a redirect' '200 the folder' "$url/folder"
    step 'not modified' '304 nothing' -H "If-Modified-Since: $modified" "$url/hello"
    step '204 of a CGI that writes content' '3 x 204 nothing' -n 3 "$url/cgi/204"
    step '103 of a CGI' '200 hello' "$url/cgi/hints"
    step 'POST to a CGI' "200 small's hash" -X POST -d "$sent-small" "$url/cgi/hash"
    step 'POST, chunked, Expect' "200 large's hash" -e -X POST -c "$sent-large" "$url/cgi/hash"
    step 'Expect at a file' '200 hello' -e -X POST -T "$sent-large" "$url/hello"
    step 'PUT of a file' '501' -T "$sent-large" "$url/hello"
    step 'PUT of a file, chunked' '501' -c "$sent-large" "$url/hello"
    mixed "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" "$url/hello" "$url/cgi/hash"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 4500 "$url/hello"
}
row
