# granian with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='granian'
does='-'
pypi granian==2.8.9
python_server "$venv/bin/granian" --interface asgi --port PORT app:asgi

work() {
    application "$url"
}
row
