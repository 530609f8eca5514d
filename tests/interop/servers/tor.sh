# tor 0.4.9.11 without a network: refusals of its HTTPTunnelPort and its SocksPort.
. "$(dirname "$0")/../works.sh"
title=tor
does='refusals alone: `500 Internal Server Error (weird end reason)`, Tor-Request-Failed, its own SOCKS replies'
debs tor=0.4.9.11-0+deb12u1
origin
tunnels=$(free_port) socks=$(free_port)
cat >"$T/torrc" <<CONF
DataDirectory $T/tor
HTTPTunnelPort 127.0.0.1:$tunnels
SocksPort 127.0.0.1:$socks ExtendedErrors
ClientRejectInternalAddresses 1
SocksTimeout 3
DisableNetwork 0
DirAuthority nobody orport=9 127.0.0.1:9 0000000000000000000000000000000000000000
Log notice stderr
CONF
serve of tor -f "$T/torrc" --defaults-torrc /nonexistent
up "$tunnels"
up "$socks"

work() {
    step 'a tunnel inwards' 'error: *' -x "http://127.0.0.1:$tunnels" "$secure/hello"
    step 'no tunnel' 'error: *' -x "http://127.0.0.1:$tunnels" "$plain/hello"
    step 'SOCKS inwards' 'error: *' -x "socks5h://127.0.0.1:$socks" "$plain/hello"
    step 'SOCKS, no circuit' 'error: *' -x "socks5h://127.0.0.1:$socks" http://name.invalid/
    step 'SOCKS, no onion' 'error: *' -x "socks5h://127.0.0.1:$socks" http://badname.onion/
}
row
