# Apache 2.4.71 as a forward proxy.
. "$(dirname "$0")/../works.sh"
title='Apache as a proxy'
does='`HTTP/1.0 200 Connection Established` with Proxy-agent; 503 and 403 with pages'
debs apache2-bin=2.4.71-1~deb12u1
origin
port=$(free_port)
modules=$root/usr/lib/apache2/modules
{
    for module in mpm_event authz_core proxy proxy_http proxy_connect; do
        echo "LoadModule ${module}_module $modules/mod_$module.so"
    done
    cat <<CONF
ServerRoot $T
ServerName here
Listen 127.0.0.1:$port
PidFile $T/apache.pid
ErrorLog $T/apache.errors
DefaultRuntimeDir $T
KeepAliveTimeout 2
ProxyRequests On
AllowCONNECT 2-65535
CONF
} >"$T/conf"
serve of apache2 -X -f "$T/conf"
up "$port"
proxy=http://127.0.0.1:$port

work() {
    through "$proxy" "$plain"
    through "$proxy" "$secure"
    step 'nobody there' '503' -x "$proxy" "$nobody"
    step 'CONNECT, nobody there' 'error: *' -x "$proxy" "$nobody_secure"
    step 'CONNECT, refused' 'error: *' -x "$proxy" https://localhost:1/
    step 'pauses beyond its limit' '3 x 200 hello new' -x "$proxy" -k -n 3 -w 3500 "$plain/hello"
}
row
