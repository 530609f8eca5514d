# Sourced by the findings: the programs of others in a temporary folder, and what
# they do beside what they were seen to do. Needs apt, python3 and npm, no root.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tests/interop/packages.sh"
changed=0

# An nginx with these lines in its `http`.
nginx() {
    mkdir -p "$T/nginx"
    cat >"$T/nginx/conf" <<CONF
daemon off; pid $T/nginx/pid; error_log $T/nginx/errors;
events {}
http {
access_log off; client_body_temp_path $T/nginx/1; proxy_temp_path $T/nginx/2;
fastcgi_temp_path $T/nginx/3; uwsgi_temp_path $T/nginx/4; scgi_temp_path $T/nginx/5;
$1
}
CONF
    serve of nginx -e "$T/nginx/errors" -c "$T/nginx/conf"
}

# WHO was seen to do this; and what it does now.
see() {
    if [ "$2" = "$3" ]; then
        printf '%-28s %s\n' "$1" "$3"
    else
        printf '%-28s %s   CHANGED, it was: %s\n' "$1" "$3" "$2"
        changed=1
    fi
}

# The last line of a finding.
verdict() {
    [ "$changed" = 0 ] && echo 'as described' || echo 'the behaviour has changed'
    exit "$changed"
}

# Servers in front of a server on the loopback: NAME:PORT:URL, one a line, in `fronts`.
proxy_debs=(nginx=1.22.1-9+deb12u11 haproxy=2.6.12-1+deb12u4 varnish=7.1.1-2+deb12u1
    tinyproxy-bin=1.11.1-2.1+deb12u1 privoxy=3.0.34-1 lighttpd=1.4.69-1 apache2-bin=2.4.71-1~deb12u1)
proxies() { # ORIGIN_PORT
    local origin=$1 ports=() number
    for number in 0 1 2 3 4 5 6; do ports+=("$(free_port)"); done
    cd "$T" || give_up 'no folder'
    nginx "server { listen 127.0.0.1:${ports[0]}; location / {
        proxy_pass http://127.0.0.1:$origin; proxy_http_version 1.1; proxy_set_header Connection ''; } }"
    cat >haproxy.conf <<CONF
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
listen front
  bind 127.0.0.1:${ports[1]}
  server origin 127.0.0.1:$origin
CONF
    serve of haproxy -f haproxy.conf
    serve of varnishd -F -n "$T/varnish" -a "127.0.0.1:${ports[2]}" -b "127.0.0.1:$origin" -s malloc,16m -j none
    printf 'Port %s\nListen 127.0.0.1\nTimeout 30\n' "${ports[3]}" >tinyproxy.conf
    serve of tinyproxy -d -c tinyproxy.conf
    printf 'confdir %s\nlogdir %s\nlisten-address 127.0.0.1:%s\ntoggle 0\n' \
        "$root/etc/privoxy" "$T" "${ports[4]}" >privoxy.conf
    serve of privoxy --no-daemon privoxy.conf
    cat >lighttpd.conf <<CONF
server.document-root = "$T"
server.bind = "127.0.0.1"
server.port = ${ports[5]}
server.modules = ( "mod_proxy" )
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => $origin )) )
CONF
    serve of lighttpd -D -f lighttpd.conf -m "$root/usr/lib/lighttpd"
    cat >apache.conf <<CONF
ServerRoot $T
ServerName front
Listen 127.0.0.1:${ports[6]}
PidFile $T/apache.pid
ErrorLog $T/apache.errors
DefaultRuntimeDir $T
LoadModule mpm_event_module $root/usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module $root/usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module $root/usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module $root/usr/lib/apache2/modules/mod_proxy_http.so
ProxyPass / http://127.0.0.1:$origin/
CONF
    serve of apache2 -X -f "$T/apache.conf"
    local there=http://127.0.0.1:$origin
    fronts="nginx:${ports[0]}: haproxy:${ports[1]}: varnish:${ports[2]}: tinyproxy:${ports[3]}:$there
        privoxy:${ports[4]}:$there lighttpd:${ports[5]}: apache:${ports[6]}:"
    for number in "${ports[@]}"; do up "$number"; done
}

# Asks for PATH on a connection of its own at each of them: `ask NAME PORT TARGET`.
each() { # PATH
    local front
    for front in $fronts; do
        local name=${front%%:*} rest=${front#*:}
        ask "$name" "${rest%%:*}" "${rest#*:}$1"
    done
}

# Servers of files: starts each with the files of `$T/www` and calls `ask NAME PORT`. Those
# of npm want `npm_packages "${file_npm[@]}"` before.
file_debs=(nginx=1.22.1-9+deb12u11 apache2-bin=2.4.71-1~deb12u1 lighttpd=1.4.69-1 caddy=2.6.2-5
    busybox=1:1.35.0-4+deb12u1+b1 webfs=1.21+ds1-12+b1 merecat=2.31+git20220513+ds-4.1 mini-httpd=1.30-3)
file_npm=(express@5.3.0 fastify@5.12.8 @fastify/static@10.1.11)
file_servers() {
    local port kind
    port=$(free_port)
    nginx "types { text/html html; text/plain txt; } default_type ''; server { listen 127.0.0.1:$port; root $T/www; }"
    served_by nginx
    port=$(free_port)
    cat >"$T/apache.conf" <<CONF
ServerRoot $T
ServerName a.test
Listen 127.0.0.1:$port
PidFile $T/apache.pid
ErrorLog $T/apache.errors
DefaultRuntimeDir $T
LoadModule mpm_event_module $root/usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module $root/usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module $root/usr/lib/apache2/modules/mod_dir.so
LoadModule mime_module $root/usr/lib/apache2/modules/mod_mime.so
TypesConfig /dev/null
AddType text/plain .txt
AddType text/html .html
DocumentRoot $T/www
CONF
    served_by apache of apache2 -X -f "$T/apache.conf"
    port=$(free_port)
    cat >"$T/lighttpd.conf" <<CONF
server.document-root = "$T/www"
server.bind = "127.0.0.1"
server.port = $port
server.modules = ( "mod_indexfile" )
index-file.names = ( "index.html" )
mimetype.assign = ( ".txt" => "text/plain", ".html" => "text/html" )
CONF
    served_by lighttpd of lighttpd -D -f "$T/lighttpd.conf" -m "$root/usr/lib/lighttpd"
    port=$(free_port)
    served_by caddy of caddy file-server --listen "127.0.0.1:$port" --root "$T/www"
    port=$(free_port)
    served_by busybox of busybox httpd -f -p "127.0.0.1:$port" -h "$T/www"
    port=$(free_port)
    served_by webfs of webfsd -F -i 127.0.0.1 -p "$port" -r "$T/www" -f index.html
    port=$(free_port)
    served_by mini_httpd of mini_httpd -D -h 127.0.0.1 -p "$port" -d "$T/www" -l "$T/mini.log" -i "$T/mini.pid"
    port=$(free_port)
    served_by merecat of merecat -n -p "$port" "$T/www"
    port=$(free_port)
    served_by http.server python3 -m http.server --bind 127.0.0.1 -d "$T/www" "$port"
    cat >"$T/files.mjs" <<'JS'
import { createRequire } from 'node:module'
const [kind, port, www, js] = process.argv.slice(2)
const require = createRequire(js + '/')
if (kind === 'express') {
    const express = require('express')
    express().use(express.static(www)).listen(Number(port), '127.0.0.1')
} else {
    const app = require('fastify')()
    await app.register(require('@fastify/static'), { root: www, redirect: true })
    await app.listen({ port: Number(port), host: '127.0.0.1' })
}
JS
    for kind in express fastify; do
        port=$(free_port)
        served_by "$kind" node "$T/files.mjs" "$kind" "$port" "$T/www" "$js"
    done
}
served_by() { # NAME COMMAND...
    [ $# = 1 ] || serve "${@:2}"
    up "$port"
    ask "$1" "$port"
}
