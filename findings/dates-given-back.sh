#!/usr/bin/env bash
# A client gives a server its Last-Modified back.
#
# Servers of files, as they are configured first, with a file that is called `hello.txt` and one
# that is called `hello`, both of 1 January 2024. Each is asked for with If-Modified-Since: with
# that date; with a later one, as `curl -z file` and who has no Last-Modified send it; and
# with that date in the two old forms that RFC 9110 §5.6.7 has every recipient read.
#
# A good guess: 304 each time, whatever the file is called: a date is compared as a date, and
# two of the forms have not been written by anybody for twenty years, but cost nothing to read.
#
# Seen: as guessed from Apache 2.4.71, caddy 2.6.2, Python 3.11's http.server, express
# 5.3.0 and fastify 5.12.8. nginx 1.22.1 reads all forms and wants the very date: a later one is answered
# with the whole file. webfs 1.21 compares texts, so that only its own works. mini_httpd
# 1.30 and merecat 2.31 do not read the form of asctime. lighttpd 1.4.69 gives a file whose
# name has no MIME type neither Last-Modified nor ETag, and answers 200 to everything: `wget -N`
# fetches it each time. busybox 1.35.0 gives a date (and an ETag) and never looks at If-Modified-Since.
. "$(dirname "$0")/kit.sh"

debs "${file_debs[@]}"
npm_packages "${file_npm[@]}"
mkdir "$T/www"
echo hello >"$T/www/hello.txt"
echo hello >"$T/www/hello"
touch -d '2024-01-01 UTC' "$T/www"/*
cat >"$T/ask.py" <<'PY'
import http.client, sys
def ask(path, fields):
    peer = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
    peer.request("GET", path, headers=fields)
    answer = peer.getresponse()
    answer.read()
    return answer
date = "Mon, 01 Jan 2024 00:00:00 GMT"
forms = {
    "itself": date,
    "later": "Tue, 02 Jan 2024 00:00:00 GMT",
    "RFC 850": "Monday, 01-Jan-24 00:00:00 GMT",
    "asctime": "Mon Jan  1 00:00:00 2024",
}
def seen(path):
    told = ask(path, {})
    if told.getheader("Last-Modified") != date:
        return "told no date" + ("" if told.getheader("ETag") else " and no ETag")
    new = [name for name, form in forms.items() if ask(path, {"If-Modified-Since": form}).status == 304]
    return "304 to " + (", ".join(new) or "none")
typed, bare = seen("/hello.txt"), seen("/hello")
print(typed if typed == bare else f"{typed}; without a type {bare}")
PY
ask() { # NAME PORT
    local seen='304 to itself, later, RFC 850, asctime'
    case $1 in
    nginx) seen='304 to itself, RFC 850, asctime' ;;
    lighttpd) seen+='; without a type told no date and no ETag' ;;
    busybox) seen='304 to none' ;;
    webfs) seen='304 to itself' ;;
    mini_httpd | merecat) seen='304 to itself, later, RFC 850' ;;
    esac
    see "$1" "$seen" "$(python3 "$T/ask.py" "$2" 2>&1 | tail -n 1)"
}
file_servers
verdict
