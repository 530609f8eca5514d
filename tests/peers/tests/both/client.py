"""Python's clients ask a server of ours: its host and port. Prints a line for each thing they learn."""

import gzip
import http.client
import sys
import urllib.error
import urllib.request

HOST, PORT = sys.argv[1], int(sys.argv[2])
BIG = 3_000_000
CONTENT = bytes(at % 251 for at in range(BIG))
KEPT = http.client.HTTPConnection(HOST, PORT, timeout=60)


def ask(method, path, body=None, **options):
    KEPT.request(method, path, body, **options)
    response = KEPT.getresponse()
    return response, response.read()


def pieces():
    for at in range(0, BIG, 70_000):
        yield CONTENT[at : at + 70_000]


for _ in range(10):
    assert ask("GET", "/hello")[1] == b"hello"
socket = KEPT.sock
print("known:", ask("POST", "/sum", CONTENT)[1].decode())
print("unknown:", ask("POST", "/sum", pieces(), encode_chunked=True)[1].decode())
for path in ["/big", "/stream"]:
    response, body = ask("GET", path)
    print(path, response.headers["Content-Length"], body == CONTENT)
head, body = ask("HEAD", "/big")
print("head:", head.headers["Content-Length"], len(body))
print("gzip:", len(gzip.decompress(ask("GET", "/gzip")[1])))
print("none:", ask("GET", "/none")[0].status)
print("short:", ask("POST", "/refuse", "abc")[0].status)
print("one connection:", KEPT.sock is socket)
KEPT.close()

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
URL = f"http://{HOST}:{PORT}"
with OPENER.open(f"{URL}/moved", b"abc", timeout=60) as moved:
    print("moved:", moved.url.removeprefix(URL), moved.read().decode())
try:
    OPENER.open(f"{URL}/none", timeout=60)
except urllib.error.HTTPError as error:
    with error:
        print("not found:", error.code)
