# aiohttp with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='aiohttp'
does='content behind HEAD, 204 and 304 of a StreamResponse'
mended='a GET behind such content failed'
pypi aiohttp==3.14.5
python_server "$venv/bin/python" app.py aiohttp PORT

work() {
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
