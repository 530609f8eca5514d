# node's http, which announces how long it keeps connections.
. "$(dirname "$0")/../works.sh"
title='http of node'
does='`Keep-Alive: timeout=5`, and closes a second later'
versions=("node $(node --version)")
files
port=$(free_port)
serve node "$interop/origin.mjs" "$port" 0 "$www"
up "$port"
url=http://127.0.0.1:$port

work() {
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 6500 "$url/hello"
}
row
