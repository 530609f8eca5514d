# squid 5.7: a forward proxy with a user, and refusals in words of its own.
. "$(dirname "$0")/../works.sh"
title=squid
does='`HTTP/1.1 200 Connection established`; refusals 503 and 403 with X-Squid-Error'
debs squid=5.7-2+deb12u6
origin
port=$(free_port)
mkdir -p "$T/squid"
chmod 777 "$T/squid"
cat >"$T/conf" <<CONF
http_port 127.0.0.1:$port
pid_filename none
cache deny all
cache_log $T/squid/cache.log
access_log none
coredump_dir $T/squid
icon_directory $root/usr/share/squid/icons
error_directory $root/usr/share/squid/errors/templates
mime_table $root/usr/share/squid/mime.conf
unlinkd_program /bin/true
logfile_daemon /bin/true
pinger_enable off
netdb_filename none
shutdown_lifetime 0 seconds
connect_timeout 3 seconds
client_idle_pconn_timeout 2 seconds
acl bad url_regex /forbidden
http_access deny bad
acl locally src 127.0.0.1
acl odd port 1
http_access deny CONNECT odd
http_access allow locally
CONF
serve of squid -N -f "$T/conf"
up "$port"
proxy=http://127.0.0.1:$port

work() {
    through "$proxy" "$plain"
    through "$proxy" "$secure"
    step 'refused by its rules' '403' -x "$proxy" "$plain/forbidden"
    step 'nobody there' '503' -x "$proxy" "$nobody"
    step 'CONNECT, nobody there' 'error: *' -x "$proxy" "$nobody_secure"
    step 'CONNECT, refused' 'error: *' -x "$proxy" https://localhost:1/
    step 'pauses beyond its limit' '3 x 200 hello new' -x "$proxy" -k -n 3 -w 2500 "$plain/hello"
}
row
