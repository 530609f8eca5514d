. "$(dirname "$0")/../kit.sh"
pypi requests==2.34.2
does='keep-alive in a session; a generator as chunks'

cat >"$T/ask.py" <<'PY'
import requests, sys
url, session = sys.argv[1], requests.Session()
def keep(name, data): open(name, 'wb').write(data)
for _ in range(3): keep('hello', session.get(url + '/hello').content)
keep('big', session.get(url + '/bytes/3000000').content)
keep('put', session.put(url + '/hash', data=open('upload', 'rb')).content)
data = open('upload', 'rb').read()
keep('chunked', session.put(url + '/hash', data=iter([data[:70000], data[70000:]])).content)
keep('redirect', session.get(url + '/redirect/302').content)
keep('auth', session.get(url + '/auth', auth=('user', 'secret')).content)
keep('stream', session.get(url + '/stream').content)
keep('ranged', session.get(url + '/bytes/1000', headers={'Range': 'bytes=10-19'}).content)
assert session.head(url + '/bytes/1000').headers['Content-Length'] == '1000'
tag = session.get(url + '/bytes/1000').headers['ETag']
assert session.get(url + '/bytes/1000', headers={'If-None-Match': tag}).status_code == 304
proxied = requests.get(url + '/hello', proxies={'http': url})
assert proxied.text == 'hello\n', proxied
PY
work() { library python "$T/ask.py"; }
row
