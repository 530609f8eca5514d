#!/usr/bin/env bash
# A .gz file of more than one member, served as a content coding.
#
# bgzip (Debian 12's tabix 1.16) compresses a text of 348,894 bytes; like every tool for
# large or growing files (pigz -i, `gzip >>log.gz`) it writes gzip members one behind the
# other, of 65,280 bytes each. nginx 1.22.1 serves the file with `gzip_static`, so
# `Content-Encoding: gzip` and a right length.
#
# A good guess: RFC 9110 §8.4.1.3 makes gzip RFC 1952's format, which is a series of
# members; every client gives 348,894 bytes.
#
# Seen: the first member alone, and success, from wget 1.21.3, wget2 1.99.1, aria2c 1.36.0
# and httpx 0.28.1; the first member and exit 23 ("failed writing") from curl 7.88.1; the
# first member decoded and the others as they are, with success, from lftp 4.9.2; PHP
# 8.2.36's gzdecode gives the first member. requests 2.34.2, aiohttp 3.14.5, node's fetch,
# axios, got, needle, superagent, w3m 0.5.3 and links2 2.28 give everything.
. "$(dirname "$0")/kit.sh"

debs tabix=1.16+ds-3 nginx=1.22.1-9+deb12u11 curl=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1 \
    wget2=1.99.1-2.2 aria2=1.36.0-1 lftp=4.9.2-2+b1 w3m=0.5.3+git20230121-2 links2=2.28-1+b2 \
    php8.2-cli=8.2.36-1~deb12u1
pypi requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5
npm_packages axios@1.21.1 got@14.6.6 needle@3.5.0 superagent@10.4.2

mkdir "$T/www"
seq 60000 >"$T/www/list.txt"
of bgzip -c "$T/www/list.txt" >"$T/www/list.txt.gz"
port=$(free_port)
nginx "gzip_static always; server { listen 127.0.0.1:$port; root $T/www; }"
up "$port"
url=http://127.0.0.1:$port/list.txt

got() { # COMMAND...: what it ends with, and how many bytes it gave
    local result
    "$@" >"$T/got" 2>/dev/null
    result=$?
    echo "exit $result, $(wc -c <"$T/got") bytes"
}
see 'curl --compressed' 'exit 23, 65280 bytes' "$(got of curl -s --compressed "$url")"
see 'wget --compression=auto' 'exit 0, 65280 bytes' "$(got of wget -qO- --compression=auto "$url")"
see wget2 'exit 0, 65280 bytes' "$(got of wget2 -qO- "$url")"
see aria2c 'exit 0, 65280 bytes' \
    "$(got of aria2c -q --http-accept-gzip=true -d "$T" -o file "$url" >/dev/null; got cat "$T/file")"
see 'lftp, http:decode' 'exit 0, 184060 bytes' "$(got of lftp -c "set http:decode yes; cat $url")"
see 'php, gzdecode' 'exit 0, 65280 bytes' \
    "$(got of php8.2 -n -r 'echo gzdecode(file_get_contents($argv[1]));' "$url")"
see 'w3m, last line' 60000 "$(of w3m -dump "$url" | tail -n 1)"
see 'links2, last word' 60000 "$(of links2 -dump "$url" | grep -o '[0-9]*$' | tail -n 1)"

script='import sys, LIBRARY; sys.stdout.buffer.write(LIBRARY.get(sys.argv[1]).content)'
see requests 'exit 0, 348894 bytes' "$(got python -c "${script//LIBRARY/requests}" "$url")"
see httpx 'exit 0, 65280 bytes' "$(got python -c "${script//LIBRARY/httpx}" "$url")"
see aiohttp 'exit 0, 348894 bytes' "$(got python -c '
import aiohttp, asyncio, sys
async def main():
    async with aiohttp.ClientSession() as session, session.get(sys.argv[1]) as response:
        sys.stdout.buffer.write(await response.read())
asyncio.run(main())' "$url")"

cd "$js" || exit 2
js() { got node -e "const url = process.argv[1]; $1.then((text) => process.stdout.write(text))" "$url"; }
see "node's fetch" 'exit 0, 348894 bytes' "$(js 'fetch(url).then((r) => r.text())')"
see axios 'exit 0, 348894 bytes' "$(js 'require("axios").get(url).then((r) => r.data)')"
see got 'exit 0, 348894 bytes' "$(js 'import("got").then((m) => m.got(url).text())')"
see needle 'exit 0, 348894 bytes' \
    "$(js 'require("needle")("get", url, { compressed: true }).then((r) => r.body)')"
see superagent 'exit 0, 348894 bytes' "$(js 'require("superagent").get(url).then((r) => r.text)')"
verdict
