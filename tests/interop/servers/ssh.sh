# OpenSSH 9.2p1's `ssh -D`, to a server of asyncssh 2.22.0.
. "$(dirname "$0")/../works.sh"
title='ssh -D'
does='SOCKS5 that closes without a reply for whatever is refused'
mended='the refusal was "the connection ended before a response came", without the proxy'
debs openssh-client=1:9.2p1-2+deb12u10
pypi asyncssh==2.22.0
origin
port=$(free_port) server=$(free_port)
of ssh-keygen -q -t ed25519 -N '' -f "$T/key"
cat >"$T/server.py" <<'PY'
import asyncio, sys
import asyncssh

class Server(asyncssh.SSHServer):
    def connection_requested(self, host, port, from_host, from_port):
        return True

async def main():
    await asyncssh.create_server(Server, "127.0.0.1", int(sys.argv[1]), server_host_keys=[sys.argv[2]],
                                 authorized_client_keys=sys.argv[2] + ".pub")
    await asyncio.Future()

asyncio.run(main())
PY
serve "$venv/bin/python" "$T/server.py" "$server" "$T/key"
up "$server"
serve of ssh -F /dev/null -i "$T/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -N \
    -D "127.0.0.1:$port" -p "$server" user@127.0.0.1
up "$port"
proxy=socks5h://127.0.0.1:$port

work() {
    through "$proxy" "$plain"
    through "$proxy" "$secure"
    step 'nobody there' 'error: *' -x "$proxy" "$nobody"
    step 'an unknown name' 'error: *' -x "$proxy" http://nonesuch.invalid/
}
row
