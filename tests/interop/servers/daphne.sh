# daphne with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='daphne'
does='-'
pypi daphne==4.2.3
python_server "$venv/bin/daphne" -p PORT app:asgi

work() {
    application "$url"
}
row
