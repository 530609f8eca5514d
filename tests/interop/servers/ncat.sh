# Ncat 7.93 as a proxy: bare heads, 504 for what is refused.
. "$(dirname "$0")/../works.sh"
title=Ncat
does='`HTTP/1.0 200 OK`, heads without fields, 504 for what is refused, 400 for chunked requests'
debs ncat=7.93+dfsg1-1
origin
port=$(free_port) guarded=$(free_port)
serve of ncat -l 127.0.0.1 "$port" --proxy-type http -k
serve of ncat -l 127.0.0.1 "$guarded" --proxy-type http --proxy-auth user:secret -k
up "$port"
up "$guarded"
proxy=http://127.0.0.1:$port

work() {
    # It does not read what it refuses.
    chunked='@(400|error: *: the connection was reset*)' through "$proxy" "$plain"
    through "$proxy" "$secure"
    step 'nobody there' '504' -x "$proxy" "$nobody"
    step 'CONNECT, nobody there' 'error: *' -x "$proxy" "$nobody_secure"
    step 'CONNECT without a password' 'error: *' -x "http://127.0.0.1:$guarded" "$secure/hello"
    step 'CONNECT with a password' '200 hello' -r "$T/ca.pem" -x "http://user:secret@127.0.0.1:$guarded" "$secure/hello"
}
row
