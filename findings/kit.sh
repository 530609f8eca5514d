# Sourced by the findings: the programs of others in a temporary folder, and what
# they do beside what they were seen to do. Needs apt, python3 and npm, no root.

set -uo pipefail
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
T=$(mktemp -d) # all that a finding makes is here
chmod 755 "$T" # servers that give up root read it too
root=$T/root
running=() changed=0
export HOME=$T TZ=UTC LC_ALL=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1

end() {
    local process
    for process in "${running[@]}"; do kill "$process" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$T"
}
trap end EXIT
trap 'exit 1' INT TERM

give_up() {
    echo "cannot be shown here: $*" >&2
    exit 2
}

# Packages of Debian (NAME=VERSION) with what this system has not of what they need.
debs() {
    mkdir -p "$T/debs/partial" "$root"
    apt-get install -y -qq -d --no-install-recommends --reinstall --allow-downgrades \
        -o Debug::NoLocking=1 -o Dir::Cache::archives="$T/debs" "$@" >"$T/apt.log" 2>&1 ||
        give_up "$(tail -n 3 "$T/apt.log")"
    local package
    for package in "$T"/debs/*.deb; do dpkg -x "$package" "$root"; done
    rm -r "$T/debs"
}

# Runs a program out of those packages.
of() {
    local triple
    triple=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
    env PATH="$root/usr/bin:$root/usr/sbin:$root/bin:$root/sbin:$PATH" \
        LD_LIBRARY_PATH="$root/usr/lib/$triple:$root/lib/$triple:$root/usr/lib" "$@"
}

# Packages of PyPI (NAME==VERSION), in a virtual environment of which `python` is run.
pypi() {
    python3 -m venv --without-pip "$T/venv" || give_up 'no venv'
    python3 -m pip --python "$T/venv/bin/python" install -q --no-compile "$@" >"$T/pip.log" 2>&1 ||
        give_up "$(tail -n 3 "$T/pip.log")"
}
python() { "$T/venv/bin/python" "$@"; }

# Packages of npm (NAME@VERSION).
npm_packages() {
    mkdir -p "$T/js"
    (cd "$T/js" && npm install --silent --no-fund --no-audit "$@" >"$T/npm.log" 2>&1) ||
        give_up "$(tail -n 3 "$T/npm.log")"
}

# Runs in the background until the end.
serve() {
    "$@" >>"$T/served.log" 2>&1 &
    running+=($!)
}

# A port of the loopback that is free now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until somebody listens there.
up() {
    local try
    for try in $(seq 200); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    give_up "nobody listens: $(tail -n 5 "$T/served.log")"
}

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
