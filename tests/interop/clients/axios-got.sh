. "$(dirname "$0")/../kit.sh"
npm_packages axios@1.21.1 got@14.6.6
title='axios and got'
does='node'"'"'s http with and without an agent that keeps; got streams an upload as chunks'

work() {
    cat >"$js/ask.mjs" <<'JS'
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import axios from 'axios';
import { got } from 'got';
import http from 'node:http';
const url = process.argv[2];
const agent = new http.Agent({ keepAlive: true });
const kept = axios.create({ baseURL: url, httpAgent: agent, responseType: 'arraybuffer', proxy: false, maxBodyLength: Infinity });
for (let i = 0; i < 3; i++) writeFileSync('hello', (await kept.get('/hello')).data);
writeFileSync('big', (await kept.get('/bytes/3000000')).data);
writeFileSync('put', (await kept.put('/hash', readFileSync('upload'))).data);
writeFileSync('chunked', await got.put(`${url}/hash`, { body: createReadStream('upload') }).buffer());
writeFileSync('redirect', await got(`${url}/redirect/302`).buffer());
writeFileSync('auth', (await kept.get('/auth', { auth: { username: 'user', password: 'secret' } })).data);
writeFileSync('stream', await got(`${url}/stream`).buffer());
writeFileSync('ranged', (await kept.get('/bytes/1000', { headers: { Range: 'bytes=10-19' } })).data);
const there = new URL(url);
const proxied = await axios.get(`${url}/hello`, { proxy: { protocol: 'http', host: there.hostname, port: +there.port } });
if (proxied.data !== 'hello\n') throw new Error(proxied.data);
agent.destroy();
JS
    library node "$js/ask.mjs"
}
row
