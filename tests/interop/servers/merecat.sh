# merecat 2.31, a descendant of thttpd.
. "$(dirname "$0")/../works.sh"
title=merecat
does='files with ranges and gzip'
debs merecat=2.31+git20220513+ds-4.1
files
port=$(free_port)
serve of merecat -n -s -l none -p "$port" "$www"
up "$port"
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step 'a range' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step gzip '200 text' -z "$url/text.txt"
    step 'not there' '404' "$url/none"
    step 'a redirect' '200 the folder' "$url/folder"
    steps '200 requests in turn' '100 x 200 hello, 100 x 200 nothing' -n 100 "$url/hello" --next -X HEAD "$url/hello"
}
row
