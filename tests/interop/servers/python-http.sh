. "$(dirname "$0")/../kit.sh"
versions=("python $(python3 -c 'import platform; print(platform.python_version())')")
title='http.server of Python'
does='HTTP/1.0 with a length'

work() {
    local there
    there=$(free_port)
    mkdir www && content 100000 >www/data.bin
    serve python3 -m http.server --bind 127.0.0.1 --directory www "$there"
    up "$there"
    is content "200 100000 $(sum www/data.bin)" "$(ask "http://127.0.0.1:$there/data.bin")"
    is HEAD "200 0 $(sum </dev/null)" "$(ask -X HEAD "http://127.0.0.1:$there/data.bin")"
}
row
