#!/usr/bin/env python3
"""What a server holds for each connection of clients that take nothing, or give nothing more.

  memory.py purlin-std purlin-smol hyper-tokio          every attack that a server has the route for
  memory.py ours --server 'ours:h1,echo,bytes=/path/srv h1={h1}' --conns 100

Each attack opens so many connections (64) to a server that has just served one of its kind,
waits until nothing grows any more, and gives, for each connection: the process's own memory
(RssAnon), and what the system holds for its sockets (ss -tm: received and queued).

  unread      GET /bytes/1000000000, and nothing is read
  owned       GET /owned: the same, where each piece has memory of its own (Purlin's peers have it)
  grown       GET /owned, 4 MiB of it are read, and then no more
  pipelined   GET /plaintext without end, no answer is read
  hold        POST /hold of 10 MB: its handler waits, and reads nothing (Purlin's peers have it)
  trailers    POST /echo, chunked, and 60 KB of a trailer section that does not end, in drops of 100 bytes"""
import argparse, re, socket, subprocess, time
from pathlib import Path
from bench import SERVERS, Running, add_server

HEAD = b"Host: a\r\n"


def get(path):
    return b"GET " + path + b" HTTP/1.1\r\n" + HEAD + b"\r\n"


def pour(sock, data, most=8 << 20, patience=0.3):
    """Sends it over and over, until nobody has taken any for a while."""
    sock.setblocking(False)
    sent, last = 0, time.time()
    while sent < most and time.time() - last < patience:
        try:
            sent += sock.send(data[sent % len(data):])
            last = time.time()
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            break


def unread(sock):
    sock.sendall(get(b"/bytes/1000000000"))


def owned(sock):
    sock.sendall(get(b"/owned"))


def grown(sock):
    owned(sock)
    left = 4 << 20
    while left > 0:
        left -= len(sock.recv(min(left, 1 << 18)))


def pipelined(sock):
    pour(sock, get(b"/plaintext") * 1000)


def hold(sock):
    sock.sendall(b"POST /hold HTTP/1.1\r\n" + HEAD + b"Content-Length: 10000000\r\n\r\n")
    pour(sock, b"x" * 65536, 9 << 20)


def trailers(sock):
    sock.sendall(b"POST /echo HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ")
    for _ in range(600):
        sock.sendall(b"x" * 100)
        time.sleep(0.0005)


ATTACKS = {"unread": (unread, "bytes"), "owned": (owned, "purlin"), "grown": (grown, "purlin"), "pipelined": (pipelined, "h1"),
           "hold": (hold, "purlin"), "trailers": (trailers, "echo")}


def own(pid):
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def system(port):
    """Bytes that the system holds for the server's sockets: what came, and what is to go out, with its own."""
    out = subprocess.run(["ss", "-tmnH", "state", "established", "sport", "=", f":{port}"], capture_output=True, text=True).stdout
    return sum(int(m[1]) + int(m[2]) for m in re.finditer(r"skmem:\(r(\d+),.*?,w(\d+),", out))


def settled(look):
    """What is looked at, once it has not grown for half a second."""
    last, since = look(), time.time()
    while time.time() - since < 0.5:
        time.sleep(0.05)
        now = look()
        if now > last:
            last, since = now, time.time()
    return look()


def measure(server, attack, conns):
    with Running(server, "0") as srv:
        port = srv.ports["h1"]
        with socket.create_connection(("127.0.0.1", port)) as first:
            first.sendall(get(b"/plaintext"))
            first.recv(65536)
        before, socks = settled(lambda: own(srv.pid)), []
        for _ in range(conns):
            sock = socket.create_connection(("127.0.0.1", port))
            socks.append(sock)
            try:
                attack(sock)
            except OSError:
                return None  # it does not let that happen
        after = settled(lambda: own(srv.pid))
        kernel = system(port)
        for sock in socks:
            sock.close()
    return (after - before) / conns, kernel / conns


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("servers", nargs="+")
    a.add_argument("--server", action="append", default=[])
    a.add_argument("--attack", action="append", choices=ATTACKS)
    a.add_argument("--conns", type=int, default=64)
    o = a.parse_args()
    for spec in o.server:
        add_server(spec)
    print("| attack | " + " | ".join(o.servers) + " |\n|---|" + "---|" * len(o.servers))
    for name in o.attack or ATTACKS:
        attack, needs = ATTACKS[name]
        cells = []
        for server in o.servers:
            s = SERVERS[server]
            if needs not in s.has and not (needs == "purlin" and "purlin" in s.cmd):
                cells.append("-")
                continue
            held = measure(s, attack, o.conns)
            cells.append(f"{held[0] / 1000:.0f} + {held[1] / 1000:.0f} KB" if held else "refused")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
