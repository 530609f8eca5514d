. "$(dirname "$0")/../kit.sh"
debs elinks=0.13.2-1+b4
does='HTTP/1.1, Connection: Keep-Alive'

elinks() { of elinks -no-home 1 -no-connect 1 "$@"; }
work() {
    is page 'a page data' "$(elinks -dump -no-numbering -no-references "$url/files/" | xargs)"
    asked 'GET /files/ HTTP/1.1.*Connection: Keep-Alive'
    is source hello "$(elinks -source "$url/hello")"
    elinks -source "$url/bytes/1000000" >big && same 'large download' big 1000000
    has redirect 'GET /head' "$(elinks -source "$url/redirect/302")"
    is password 'come in' "$(elinks -source "http://user:secret@127.0.0.1:$port/auth")"
    is stream 'line 3' "$(elinks -source "$url/stream" | tail -n 1)"
}
row
