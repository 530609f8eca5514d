# uWSGI 2.0.21: ends its answers by closing and does not say so.
. "$(dirname "$0")/../works.sh"
title='uWSGI, --http'
does='neither length nor coding nor `Connection: close`, to the close; with a length it closes unannounced, too'
mended='every second POST failed'
debs uwsgi-core=2.0.21-5.1 uwsgi-plugin-python3=2.0.21-5.1
files
port=$(free_port)
url=http://127.0.0.1:$port
cd "$interop" || exit
WWW=$www PYTHONDONTWRITEBYTECODE=1 serve of uwsgi-core --plugins-dir "$root/usr/lib/uwsgi/plugins" --plugin http,python311 \
    --http "127.0.0.1:$port" --module app:wsgi --threads 2
cd "$T" || exit
up "$port"

work() {
    chunked='200 64 bytes' # its application reads nothing
    early='@(413|error: *: the connection was reset*)'
    application "$url"
}
row
