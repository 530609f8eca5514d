. "$(dirname "$0")/../kit.sh"
debs siege=4.0.7-1+b1
does='HTTP/1.1, Connection: close, or keep-alive when told'

work() {
    printf 'verbose = false\nquiet = true\nlimit = 10\nprotocol = HTTP/1.1\nconnection = keep-alive\n' >siegerc
    of siege -R siegerc -b -c 4 -r 25 "$url/bytes/5000" >said 2>&1
    asked 'GET /bytes/5000 HTTP/1.1'
    is requests 100 "$(requests)"
    is 'all answered with 200' 100 "$(grep -c -- '-> 200' "$log")"
}
row
