. "$(dirname "$0")/../kit.sh"
debs apache2-utils=2.4.71-1~deb12u1
title='ab'
does='HTTP/1.0, with `-k` Connection: Keep-Alive'

work() {
    local report
    report=$(of ab -q -k -n 200 -c 4 "$url/bytes/5000" 2>&1)
    is kept 200 "$(sed -n 's/^Keep-Alive requests: *//p' <<<"$report")"
    is failed 0 "$(sed -n 's/^Failed requests: *//p' <<<"$report")"
    is bytes 1000000 "$(sed -n 's/^HTML transferred: *\([0-9]*\) .*/\1/p' <<<"$report")"
    report=$(of ab -q -n 40 -c 4 "$url/hello" 2>&1)
    is 'failed without keep-alive' 0 "$(sed -n 's/^Failed requests: *//p' <<<"$report")"
    content 3000 >upload
    is 'failed POSTs' 0 "$(of ab -q -k -n 40 -c 4 -p upload -T x/y "$url/echo" 2>&1 | sed -n 's/^Failed requests: *//p')"
}
row
