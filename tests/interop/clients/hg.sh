. "$(dirname "$0")/../kit.sh"
debs mercurial=6.3.2-1+deb12u1 mercurial-common=6.3.2-1+deb12u1
versions=("${versions[0]}")
title='Mercurial, through our proxy'
does='arguments in `x-hgarg-1`, `vary` in requests, names in lower case; bodies with a length, no Expect'

hg() {
    of env PYTHONPATH="$root/usr/lib/python3/dist-packages" HGUSER=u HGENCODING=utf-8 \
        /usr/bin/python3 "$root/usr/bin/hg" --config "http_proxy.host=127.0.0.1:$port" --config http_proxy.always=True "$@"
}
work() {
    [ -x /usr/bin/python3 ] || give_up 'needs the python of Debian'
    hg init origin && content 300000 >origin/file && hg -R origin commit -q -A -m one
    local there
    there=$(free_port)
    serve hg -R origin serve --address 127.0.0.1 --port "$there" --config web.allow_push='*' --config web.push_ssl=false
    up "$there"
    ok clone hg clone -q "http://127.0.0.1:$there/" cloned && same content cloned/file 300000
    asked "GET http://127.0.0.1:$there/\?cmd=.*x-hgproto-1"
    content 400000 >cloned/more && ok commit hg -R cloned commit -q -A -m two
    ok push hg -R cloned push -q "http://127.0.0.1:$there/"
    asked "POST http://127.0.0.1:$there/\?cmd=unbundle"
    ok 'second clone' hg clone -q "http://127.0.0.1:$there/" again && same 'what was pushed' again/more 400000
}
row
