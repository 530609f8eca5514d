#!/usr/bin/env bash
# 307 and 308, the redirects that keep the method, and where programs go.
#
# node's http server answers GET with 301, 302, 303, 307 or 308 and a Location. The
# method is of no interest here: a client has to go there and fetch the page.
#
# A good guess: RFC 7538 made 308 in 2015; whoever follows 301 and 307 by itself follows
# 308 too, and who does not fails.
#
# Seen: w3m 0.5.3, lynx 2.9.0dev.12, elinks 0.13.2 and LuaSocket 3.1.0 take the text of the
# 308 for the page, and end with success; Ruby 3.1's open-uri fails ("308 Permanent
# Redirect"); all five follow the other four. The other sixteen follow all: curl 7.88.1, wget 1.21.3,
# wget2 1.99.1, aria2c 1.36.0, axel 2.17.11, lftp 4.9.2, busybox 1.35.0,
# links2 2.28, httrack 3.49.4, PHP 8.2.36, LWP 6.68, Mojolicious 9.31, HTTP::Tiny,
# urllib 3.11, node 20 and apt 2.6.1.
. "$(dirname "$0")/kit.sh"

debs curl=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1 wget2=1.99.1-2.2 aria2=1.36.0-1 \
    axel=2.17.11-3 lftp=4.9.2-2+b1 busybox=1:1.35.0-4+deb12u1+b1 \
    w3m=0.5.3+git20230121-2 lynx=2.9.0dev.12-1 links2=2.28-1+b2 elinks=0.13.2-1+b4 \
    httrack=3.49.4-1 php8.2-cli=8.2.36-1~deb12u1 ruby3.1=3.1.2-7+deb12u1 \
    lua5.4=5.4.4-3+deb12u1 lua-socket=3.1.0-1+b1 libwww-perl=6.68-1 libmojolicious-perl=9.31+dfsg-1 \
    apt=2.6.1

cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
const port = Number(process.argv[2])
http.createServer((request, response) => {
    request.resume()
    const code = Number(request.url.split('/')[1])
    if (code) response.writeHead(code, { location: `http://127.0.0.1:${port}/new`, 'content-type': 'text/plain' }).end('moved\n')
    else response.writeHead(200, { 'content-type': 'text/plain' }).end('arrived\n')
}).listen(port, '127.0.0.1')
JS
port=$(free_port)
serve node "$T/app.mjs" "$port"
up "$port"
mkdir "$T/work"
cd "$T/work" || exit 2

# Which kinds of redirect a COMMAND does not follow; it prints, or writes into `file`.
try() { # NAME SEEN COMMAND...
    local code all='' result
    for code in 301 302 303 307 308; do
        rm -rf file
        of timeout 30 "${@:3}" "http://127.0.0.1:$port/$code" >out 2>err
        result=$?
        [ -e file ] || mv out file
        grep -rq arrived file && continue
        grep -rq moved file && all+=", $code is the page" || all+=", $code fails"
        [ $result = 0 ] || all+=" ($result)"
    done
    all=${all#, }
    see "$1" "$2" "${all:-all five}"
}
try curl 'all five' curl -sfL
try wget 'all five' wget -qO-
try wget2 'all five' wget2 -qO-
try aria2c 'all five' aria2c -q -o file
try axel 'all five' axel -q -o file
try lftp 'all five' sh -c 'lftp -c "cat $0"'
try busybox 'all five' busybox wget -qO-
try w3m '308 is the page' w3m -dump
try lynx '308 is the page' lynx -cfg=/dev/null -lss=/dev/null -dump
try links2 'all five' links2 -dump
try elinks '308 is the page' elinks -dump
try httrack 'all five' httrack -q -O file
try php 'all five' php8.2 -r 'echo file_get_contents($argv[1]);'
export RUBYLIB=$(echo "$root"/usr/lib/ruby/3.1.0):$(echo "$root"/usr/lib/*/ruby/3.1.0):$(echo "$root"/usr/lib/ruby/vendor_ruby)
try ruby '308 fails (1)' ruby3.1 -ropen-uri -e 'print URI.open(ARGV[0]).read'
export LUA_PATH="$root/usr/share/lua/5.4/?.lua" LUA_CPATH="$(echo "$root"/usr/lib/*-linux-gnu)/lua/5.4/?.so"
echo 'print((require("socket.http").request(arg[1])))' >get.lua
try lua '308 is the page' lua5.4 get.lua
export PERL5LIB=$root/usr/share/perl5:$(echo "$root"/usr/lib/*/perl5/5.36)
try lwp 'all five' perl -MLWP::UserAgent -e 'print LWP::UserAgent->new->get($ARGV[0])->decoded_content'
try mojo 'all five' perl -MMojo::UserAgent -e 'print Mojo::UserAgent->new(max_redirects => 5)->get($ARGV[0])->result->body'
try http-tiny 'all five' perl -MHTTP::Tiny -e 'print HTTP::Tiny->new->get($ARGV[0])->{content}'
try urllib 'all five' python3 -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read())'
try node 'all five' node -e 'fetch(process.argv[1]).then((r) => r.text()).then(console.log)'
try apt 'all five' sh -c '"$0"/usr/lib/apt/apt-helper -o Dir::Bin::methods="$0/usr/lib/apt/methods" -o APT::Sandbox::User=root download-file "$1" file' "$root"
verdict
