. "$(dirname "$0")/../kit.sh"
versions=("python $(python3 -c 'import platform; print(platform.python_version())')")
title="Python's urllib and http.client"
does='Connection: close by urllib; http.client keeps its connection, and sends head and body apart'

cat >"$T/ask.py" <<'PY'
import http.client, sys, urllib.request
url = sys.argv[1]
def keep(name, data): open(name, 'wb').write(data)
line = http.client.HTTPConnection(url.removeprefix('http://'))
def ask(method, path, body=None, **fields):
    line.request(method, path, body, fields, encode_chunked='Transfer-Encoding' in fields)
    return line.getresponse().read()
for _ in range(3): keep('hello', ask('GET', '/hello'))
keep('big', ask('GET', '/bytes/3000000'))
data = open('upload', 'rb').read()
keep('put', ask('PUT', '/hash', data))
keep('chunked', ask('PUT', '/hash', iter([data[:70000], data[70000:]]), **{'Transfer-Encoding': 'chunked'}))
keep('ranged', ask('GET', '/bytes/1000', Range='bytes=10-19'))
assert ask('HEAD', '/bytes/1000') == b''
get = lambda path: urllib.request.urlopen(url + path).read()
keep('redirect', get('/redirect/302'))
keep('stream', get('/stream'))
assert get('/hello') == b'hello\n'
PY
work() { library python3 "$T/ask.py"; }
row
