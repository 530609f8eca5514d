# Werkzeug, the server of Flask with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='Werkzeug, the server of Flask'
does='HTTP/1.1 by a switch'
pypi werkzeug==3.1.3
python_server "$venv/bin/python" app.py werkzeug PORT

work() {
    application "$url"
}
row
