# dante 1.4.2: SOCKS5 whose failures tell what was asked.
. "$(dirname "$0")/../works.sh"
title=dante
does='a real bound address; blocked: reply 2, unknown name: reply 4 with the name as it was asked'
debs dante-server=1.4.2+dfsg-7+b8
origin
port=$(free_port)
cat >"$T/conf" <<CONF
logoutput: stderr
internal: 127.0.0.1 port = $port
external: lo
socksmethod: none
clientmethod: none
user.privileged: $(id -un)
user.unprivileged: $(id -un)
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks block { from: 127.0.0.0/8 to: 127.0.0.0/8 port = 1 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
CONF
serve of danted -f "$T/conf" -p "$T/pid"
up "$port"
proxy=socks5h://127.0.0.1:$port

work() {
    through "$proxy" "$plain"
    through "$proxy" "$secure"
    step 'nobody there' 'error: *' -x "$proxy" "$nobody"
    step 'blocked' 'error: *' -x "$proxy" http://127.0.0.1:1/
    step 'an unknown name' 'error: *' -x "$proxy" http://nonesuch.invalid/
}
row
