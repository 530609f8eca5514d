# apt-cacher-ng 3.7.4: refusals of CONNECT whose reason is all they say.
. "$(dirname "$0")/../works.sh"
title=apt-cacher-ng
does='`HTTP/1.0 200 Connection established`; `HTTP/1.0 502 CONNECT error: Connection refused`, no fields'
debs apt-cacher-ng=3.7.4-1+b2
origin
port=$(free_port) denying=$(free_port)
for place in "$port" "$denying"; do
    mkdir -p "$T/acng-$place/cache" "$T/acng-$place/log" "$T/acng-$place/conf"
    printf 'CacheDir: %s/cache\nLogDir: %s/log\nPort: %s\nBindAddress: localhost\nPidFile: %s/pid\nForeGround: 1\n' \
        "$T/acng-$place" "$T/acng-$place" "$place" "$T/acng-$place" >"$T/acng-$place/conf/acng.conf"
done
echo 'PassThroughPattern: .*' >>"$T/acng-$port/conf/acng.conf"
serve of apt-cacher-ng -c "$T/acng-$port/conf"
serve of apt-cacher-ng -c "$T/acng-$denying/conf"
up "$port"
up "$denying"
proxy=http://127.0.0.1:$port

work() {
    through "$proxy" "$secure"
    step 'CONNECT, nobody there' 'error: *' -x "$proxy" "$nobody_secure"
    step 'CONNECT, refused' 'error: *' -x "http://127.0.0.1:$denying" "$secure/hello"
}
row
