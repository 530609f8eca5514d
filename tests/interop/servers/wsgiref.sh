# wsgiref with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='wsgiref'
does='HTTP/1.0'
versions=("python $(python3 -c 'import platform; print(platform.python_version())')")
python_server python3 app.py wsgiref PORT

work() {
    chunked='200 64 bytes' # its application reads nothing
    application "$url"
}
row
