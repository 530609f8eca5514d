# cheroot with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='cheroot'
does='content behind 204 and 304 on a connection that stays open'
mended='a GET behind such content failed'
pypi cheroot==11.1.2
python_server "$venv/bin/python" app.py cheroot PORT

work() {
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
