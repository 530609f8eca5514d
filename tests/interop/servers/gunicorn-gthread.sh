# gunicorn, gthread with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='gunicorn, gthread'
does='idle for 2 s, unannounced; content behind HEAD, 204 and 304'
mended='a GET behind such content failed'
pypi gunicorn==20.1.0 setuptools==69.5.1
python_server "$venv/bin/gunicorn" -k gthread --threads 4 -b 127.0.0.1:PORT app:wsgi

work() {
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
