. "$(dirname "$0")/../kit.sh"
versions=("node $(node --version | tr -d v)")
title="node's fetch"
does='undici: keep-alive, a stream as chunks; a query goes as the URL parser of browsers leaves it'
mended='queries with a backslash, a backtick or a lone `%` are taken'

cat >"$T/ask.mjs" <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
const url = process.argv[2];
const keep = async (name, path, options) => {
  const response = await fetch(url + path, options);
  writeFileSync(name, Buffer.from(await response.arrayBuffer()));
  return response;
};
for (let i = 0; i < 3; i++) await keep('hello', '/hello');
await keep('big', '/bytes/3000000');
const body = readFileSync('upload');
await keep('put', '/hash', { method: 'PUT', body });
await keep('chunked', '/hash', { method: 'PUT', duplex: 'half', body: new Blob([body]).stream() });
await keep('redirect', '/redirect/302');
await keep('auth', '/auth', { headers: { Authorization: 'Basic dXNlcjpzZWNyZXQ=' } });
await keep('stream', '/stream');
await keep('ranged', '/bytes/1000', { headers: { Range: 'bytes=10-19' } });
await keep('query', '/head?a\\b`100%&u=%u00e9');
const tag = (await keep('one', '/bytes/1000')).headers.get('ETag');
const again = await keep('two', '/bytes/1000', { headers: { 'If-None-Match': tag } });
if (again.status !== 304) throw new Error(`${again.status}`);
JS
work() {
    library node "$T/ask.mjs"
    has query 'GET /head?a\b`100%&u=%u00e9' "$(cat query)"
}
row
