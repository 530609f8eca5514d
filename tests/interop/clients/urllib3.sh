. "$(dirname "$0")/../kit.sh"
pypi urllib3==2.5.0
does='keep-alive in a pool; a generator as chunks'

cat >"$T/ask.py" <<'PY'
import urllib3, sys
url, pool = sys.argv[1], urllib3.PoolManager()
def keep(name, data): open(name, 'wb').write(data)
for _ in range(3): keep('hello', pool.request('GET', url + '/hello').data)
keep('big', pool.request('GET', url + '/bytes/3000000').data)
data = open('upload', 'rb').read()
keep('put', pool.request('PUT', url + '/hash', body=data).data)
keep('chunked', pool.request('PUT', url + '/hash', body=iter([data[:70000], data[70000:]]), chunked=True).data)
keep('redirect', pool.request('GET', url + '/redirect/302').data)
keep('auth', pool.request('GET', url + '/auth', headers=urllib3.make_headers(basic_auth='user:secret')).data)
keep('stream', pool.request('GET', url + '/stream').data)
keep('ranged', pool.request('GET', url + '/bytes/1000', headers={'Range': 'bytes=10-19'}).data)
assert urllib3.ProxyManager(url).request('GET', url + '/hello').data == b'hello\n'
PY
work() { library python "$T/ask.py"; }
row
