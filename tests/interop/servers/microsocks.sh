# microsocks 1.0.3: SOCKS5 with and without a user.
. "$(dirname "$0")/../works.sh"
title=microsocks
does='bound address always 0.0.0.0:0; refused: reply 5, unknown name: reply 1; wrong password: `01 02`'
mended='a wrong password was called "does not take user and password"'
debs microsocks=1.0.3-2
origin
port=$(free_port) guarded=$(free_port)
serve of microsocks -i 127.0.0.1 -p "$port"
serve of microsocks -i 127.0.0.1 -p "$guarded" -u user -P secret
up "$port"
up "$guarded"
proxy=socks5h://127.0.0.1:$port

work() {
    through "$proxy" "$plain"
    through "$proxy" "$secure"
    step 'nobody there' 'error: *' -x "$proxy" "$nobody"
    step 'an unknown name' 'error: *' -x "$proxy" http://nonesuch.invalid/
    step 'without a password' 'error: *' -x "socks5h://127.0.0.1:$guarded" "$plain/hello"
    step 'a wrong password' 'error: *' -x "socks5h://user:wrong@127.0.0.1:$guarded" "$plain/hello"
    step 'the right password' '200 hello' -x "socks5h://user:secret@127.0.0.1:$guarded" "$plain/hello"
}
row
