# nginx 1.22.1: files, gzip, a redirect, WebDAV's PUT, a limit of bodies.
. "$(dirname "$0")/../works.sh"
title=nginx
does='files always chunked under gzip, announces 7 s and closes after 2, a connection has 100 requests'
debs nginx-core=1.22.1-9+deb12u11
files
port=$(free_port)
mkdir -p "$T/nginx" "$www/put"
chmod 777 "$www/put"
cat >"$T/conf" <<CONF
daemon off; master_process off; pid $T/nginx/pid; error_log $T/nginx/errors;
events {}
http {
access_log off; client_body_temp_path $T/nginx/1; proxy_temp_path $T/nginx/2;
fastcgi_temp_path $T/nginx/3; uwsgi_temp_path $T/nginx/4; scgi_temp_path $T/nginx/5;
types { text/plain txt; }
server {
    listen 127.0.0.1:$port; root $www; keepalive_timeout 2 7; keepalive_requests 100;
    gzip on; gzip_types text/plain; gzip_min_length 1; client_max_body_size 1m;
    location = /post { return 200 "posted"; }
    location = /204 { return 204; }
    location /limited/ { dav_methods PUT; }
    location /put/ { dav_methods PUT DELETE; client_max_body_size 10m; }
}
}
CONF
serve of nginx -e "$T/nginx/errors" -c "$T/conf"
up "$port"
url=http://127.0.0.1:$port
printf posted >"$T/posted" && know posted "$T/posted"

work() {
    step GET '200 hello' "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step 'a range' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/hello"
    step 'the last bytes' '206 the last 3' -H 'Range: bytes=-3' "$url/hello"
    step 'no such range' '416' -H 'Range: bytes=99-' "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step gzip '200 text' -z "$url/text.txt"
    step 'HEAD and gzip' '200 nothing' -z -X HEAD "$url/text.txt"
    step 'a redirect' '200 the folder' "$url/folder"
    step 'not modified' '304 nothing' -H "If-Modified-Since: $modified" "$url/hello"
    step 204 '204 nothing' "$url/204"
    step 'PUT, length' '20[14] nothing, 200 large' -T "$sent-large" "$url/put/1" --next "$url/put/1"
    step 'PUT, chunked, Expect' '20[14] nothing, 200 large' -e -c "$sent-large" "$url/put/2" --next "$url/put/2"
    step 'too much' '413' -T "$sent-large" "$url/limited/1"
    step 'too much, chunked' '413' -c "$sent-large" "$url/limited/1"
    step 'too much, Expect' '413' -e -T "$sent-large" "$url/limited/1"
    mixed '100 x 200 hello, 100 x 200 nothing, 100 x 200 posted' "$url/hello" "$url/post"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 2500 "$url/hello"
}
row
