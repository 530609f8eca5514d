# Twisted Web with the application of app.py.
. "$(dirname "$0")/../works.sh"
title='Twisted Web'
does='idle limit unannounced'
pypi twisted==22.4.0
python_server "$venv/bin/python" app.py twisted PORT

work() {
    chunked='200 64 bytes' # its application reads nothing
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
