# hypercorn with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='hypercorn'
does='idle limit unannounced'
pypi hypercorn==0.18.0
python_server "$venv/bin/hypercorn" --keep-alive 2 -b 127.0.0.1:PORT app:asgi

work() {
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
