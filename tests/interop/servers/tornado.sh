# Tornado with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='Tornado'
does='idle limit unannounced'
pypi tornado==6.5.2
python_server "$venv/bin/python" app.py tornado PORT

work() {
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
