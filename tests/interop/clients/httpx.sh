. "$(dirname "$0")/../kit.sh"
pypi httpx==0.28.1
does='keep-alive in a client; a generator as chunks'

cat >"$T/ask.py" <<'PY'
import httpx, sys
url, client = sys.argv[1], httpx.Client(follow_redirects=True, timeout=60)
def keep(name, data): open(name, 'wb').write(data)
for _ in range(3): keep('hello', client.get(url + '/hello').content)
keep('big', client.get(url + '/bytes/3000000').content)
data = open('upload', 'rb').read()
keep('put', client.put(url + '/hash', content=data).content)
keep('chunked', client.put(url + '/hash', content=iter([data[:70000], data[70000:]])).content)
keep('redirect', client.get(url + '/redirect/302').content)
keep('auth', client.get(url + '/auth', auth=('user', 'secret')).content)
keep('stream', client.get(url + '/stream').content)
keep('ranged', client.get(url + '/bytes/1000', headers={'Range': 'bytes=10-19'}).content)
assert client.head(url + '/bytes/1000').headers['Content-Length'] == '1000'
proxied = httpx.Client(proxy=url).get(url + '/hello')
assert proxied.text == 'hello\n', proxied
PY
work() { library python "$T/ask.py"; }
row
