# uvicorn with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='uvicorn'
does='closes behind 204 and 304'
pypi uvicorn==0.54.0 h11==0.16.0
python_server "$venv/bin/uvicorn" --timeout-keep-alive 2 --http h11 --port PORT app:asgi

work() {
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
