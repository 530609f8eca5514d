# proxy.py 2.4.10.
. "$(dirname "$0")/../works.sh"
title=proxy.py
does='`HTTP/1.1 200 Connection established`; refused: 502 and closed'
pypi proxy.py==2.4.10
origin
port=$(free_port) guarded=$(free_port)
serve "$venv/bin/proxy" --hostname 127.0.0.1 --port "$port" --num-workers 1 --num-acceptors 1 --data-dir "$T/a" --log-level e
serve "$venv/bin/proxy" --hostname 127.0.0.1 --port "$guarded" --num-workers 1 --num-acceptors 1 --data-dir "$T/b" --log-level e \
    --basic-auth user:secret
up "$port"
up "$guarded"
proxy=http://127.0.0.1:$port

work() {
    through "$proxy" "$plain"
    through "$proxy" "$secure"
    step 'nobody there' '502' -x "$proxy" "$nobody"
    step 'CONNECT, nobody there' 'error: *' -x "$proxy" "$nobody_secure"
    step 'CONNECT without a password' 'error: *' -x "http://127.0.0.1:$guarded" "$secure/hello"
    step 'CONNECT with a password' '200 hello' -r "$T/ca.pem" -x "http://user:secret@127.0.0.1:$guarded" "$secure/hello"
}
row
