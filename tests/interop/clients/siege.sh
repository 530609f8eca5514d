. "$(dirname "$0")/../kit.sh"
debs siege=4.0.7-1+b1
does='HTTP/1.1, Connection: close, or keep-alive when told; POST with a body from a file; Basic behind a 401'

work() {
    printf 'verbose = false\nquiet = true\nlimit = 10\nprotocol = HTTP/1.1\nconnection = keep-alive\n' >siegerc
    of siege -R siegerc -b -c 4 -r 25 "$url/bytes/5000" >said 2>&1
    asked 'GET /bytes/5000 HTTP/1.1'
    is requests 100 "$(requests)"
    is 'all answered with 200' 100 "$(grep -c -- '-> 200' "$log")"
    anew
    content 3000 >upload
    head -c 2999 upload >sent # it leaves out the line's end at the end of a file
    printf '%s\n' "$url/hash POST <$here/upload" "$url/hash" "$url/redirect/302" >urls
    of siege -R siegerc -b -c 2 -r 30 -f urls >said 2>&1
    asked 'POST /hash HTTP/1.1.*Content-Length: 2999'
    printf 'verbose = false\nprotocol = HTTP/1.1\nconnection = close\n' >siegerc
    has 'what was sent' "$(sum sent) 2999" "$(of siege -R siegerc --print "$url/hash POST <$here/upload" 2>&1)"
    asked 'Connection: close'
    has 'a page' 'GET /head' "$(of siege -R siegerc --print "$url/redirect/302" 2>&1)"
}
row
