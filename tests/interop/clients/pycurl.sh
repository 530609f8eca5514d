. "$(dirname "$0")/../kit.sh"
pypi pycurl==7.45.7
does='libcurl: Expect with an upload, one connection of a handle'

cat >"$T/ask.py" <<'PY'
import pycurl, sys, io
url, curl = sys.argv[1], pycurl.Curl()
def ask(name, path, **options):
    room = io.BytesIO()
    curl.reset()
    curl.setopt(pycurl.URL, url + path)
    curl.setopt(pycurl.WRITEDATA, room)
    for option, value in options.items(): curl.setopt(getattr(pycurl, option), value)
    curl.perform()
    open(name, 'wb').write(room.getvalue())
for _ in range(3): ask('hello', '/hello')
assert curl.getinfo(pycurl.NUM_CONNECTS) == 0
ask('big', '/bytes/3000000')
ask('put', '/hash', UPLOAD=1, READDATA=open('upload', 'rb'), INFILESIZE=300000)
ask('chunked', '/hash', UPLOAD=1, READDATA=open('upload', 'rb'))
ask('redirect', '/redirect/302', FOLLOWLOCATION=1)
ask('auth', '/auth', USERPWD='user:secret')
ask('stream', '/stream')
ask('ranged', '/bytes/1000', RANGE='10-19')
PY
work() { library python "$T/ask.py"; }
row
