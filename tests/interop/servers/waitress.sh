# waitress with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='waitress'
does='content behind HEAD on a connection that stays open; streams chunked and closes'
mended='a GET behind such content failed'
pypi waitress==2.1.2
python_server "$venv/bin/waitress-serve" --listen 127.0.0.1:PORT app:wsgi

work() {
    application "$url"
}
row
