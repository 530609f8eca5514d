. "$(dirname "$0")/../kit.sh"
pypi aiohttp==3.14.5
does='keep-alive; Expect when asked to; an async generator as chunks'

cat >"$T/ask.py" <<'PY'
import aiohttp, asyncio, sys
url = sys.argv[1]
def keep(name, data): open(name, 'wb').write(data)
async def read(answer):
    async with answer as response: return await response.read()
async def pieces():
    data = open('upload', 'rb').read()
    for at in range(0, len(data), 70000): yield data[at:at + 70000]
async def main():
    async with aiohttp.ClientSession() as session:
        for _ in range(3): keep('hello', await read(session.get(url + '/hello')))
        keep('big', await read(session.get(url + '/bytes/3000000')))
        keep('put', await read(session.put(url + '/hash', data=open('upload', 'rb').read(), expect100=True)))
        keep('chunked', await read(session.put(url + '/hash', data=pieces())))
        keep('redirect', await read(session.get(url + '/redirect/302')))
        keep('auth', await read(session.get(url + '/auth', auth=aiohttp.BasicAuth('user', 'secret'))))
        keep('stream', await read(session.get(url + '/stream')))
        keep('ranged', await read(session.get(url + '/bytes/1000', headers={'Range': 'bytes=10-19'})))
        many = await asyncio.gather(*(read(session.get(url + '/bytes/5000')) for _ in range(50)))
        assert len(set(many)) == 1 and len(many[0]) == 5000
        assert await read(session.get(url + '/hello', proxy=url)) == b'hello\n'
asyncio.run(main())
PY
work() { library python "$T/ask.py"; }
row
