# gunicorn, sync with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='gunicorn, sync'
does='chunked and Connection: close'
pypi gunicorn==20.1.0 setuptools==69.5.1
python_server "$venv/bin/gunicorn" -b 127.0.0.1:PORT app:wsgi

work() {
    application "$url"
}
row
