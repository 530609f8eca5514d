# busybox httpd 1.35.0: closes always, sends the file for HEAD, too.
. "$(dirname "$0")/../works.sh"
title='busybox httpd'
does='Connection: close, HEAD with the whole file, suffix ranges answered with 200, errors to the close'
debs busybox-static=1:1.35.0-4+deb12u1+b1
files
port=$(free_port)
serve of busybox httpd -f -p "127.0.0.1:$port" -h "$www"
up "$port"
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/hello"
    step 'HEAD, with content' '3 x 200 nothing' -n 3 -X HEAD "$url/big"
    step 'a range' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/hello"
    step 'a range that it does not know' '2 x 200 hello' -H 'Range: bytes=-3' "$url/hello" --next -H 'Range: bytes=99-' "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step 'a redirect' '200 the folder' "$url/folder"
    step 'not there' '404' "$url/none"
    refused='@(501|error: * reset*; * bytes came)' # its page ends with a reset
    step 'POST that is refused' "$refused" -X POST -T "$sent-large" "$url/hello"
    step 'POST, chunked' "$refused" -X POST -c "$sent-large" "$url/hello"
    mixed '100 x 200 hello, 100 x 200 nothing, 100 x 501' "$url/hello"
}
row
