#!/usr/bin/env bash
# A download that is taken up again after its file has changed on the server.
#
# nginx 1.22.1 serves a file, slowly; the client is interrupted (Ctrl-C) when it has a part
# of it. Then a new version, of other bytes, is put in the file's place, so that ETag and
# Last-Modified are others, and the client is told to go on. Once the new version is longer,
# once it has the old length.
#
# A good guess: RFC 9110 §13.1.5 has If-Range for this, and a client keeps what it needs to
# ask so; who has kept nothing begins anew, or compares the 206's ETag or whole length. Nobody
# calls a file whole that is half the old one and half the new one.
#
# Seen: the old beginning and the new end, and success, from curl 7.88.1, wget 1.21.3, wget2
# 1.99.1, lftp 4.9.2, busybox 1.35.0, snarf 7.0 and HTTPie 3.2.4: all ask with Range and nothing
# else, although each was told an ETag and a date by the first response (wget and HTTPie
# set the file's time to the latter). aria2c 1.36.0 keeps the length beside what it has:
# it fails where that has changed, and mixes where it has not. axel 2.17.11 keeps its ranges,
# and mixes; with another length it asks for its old ranges, and does not come to an
# end. apt 2.6.1 alone asks with If-Range, and begins anew.
. "$(dirname "$0")/kit.sh"

debs nginx=1.22.1-9+deb12u11 curl=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1 wget2=1.99.1-2.2 \
    aria2=1.36.0-1 axel=2.17.11-3 lftp=4.9.2-2+b1 busybox=1:1.35.0-4+deb12u1+b1 snarf=7.0-9+b1 \
    apt=2.6.1
pypi httpie==3.2.4

mkdir -p "$T/www" "$T/got"
letters() { head -c "$2" /dev/zero | tr '\0' "$1" >"$T/$3"; } # LETTER COUNT FILE
letters a 400000 old
letters b 500000 longer
letters b 400000 same
touch -d '2024-01-01 UTC' "$T/old"
touch -d '2024-02-01 UTC' "$T/longer" "$T/same"
port=$(free_port)
nginx "log_format asked '\$uri \$http_range \$http_if_range';
    server { listen 127.0.0.1:$port; root $T/www; access_log $T/asked asked;
    set \$rate 10k; if (-e $T/fast) { set \$rate 0; }
    limit_rate_after 100k; limit_rate \$rate; }"
up "$port"
cd "$T/got" || exit 2

# What a client makes of it: `URL` and `FILE` in the command stand for the file's.
again() { # VERSION NAME COMMAND...
    local file=$2-$1.bin result
    local command=("${@:3}")
    command=("${command[@]//URL/http://127.0.0.1:$port/$file}")
    command=("${command[@]//FILE/$file}")
    cp -p "$T/old" "$T/www/$file"
    of timeout -s INT 8 "${command[@]}" >"$T/first" 2>&1
    cp -p "$T/$1" "$T/www/new" && mv "$T/www/new" "$T/www/$file"
    touch "$T/fast"
    of timeout -s INT 30 "${command[@]}" >"$T/second" 2>&1
    result=$?
    rm "$T/fast"
    case $(tr -s ab <"$file") in
    b) echo -n 'the new file' ;;
    a) echo -n 'the old part' ;;
    *) echo -n 'old and new' ;;
    esac
    case $result in
    0) ;;
    124) echo -n ', without end' ;;
    *) echo -n ", exit $result" ;;
    esac
    grep "/$file bytes=[0-9-]* [^-]" "$T/asked" >/dev/null && echo -n ', asked with If-Range'
    echo
}
try() { # NAME LONGER SAME COMMAND...
    see "$1, longer" "$2" "$(again longer "$1" "${@:4}")"
    see "$1, of one length" "$3" "$(again same "$1" "${@:4}")"
}
mixed='old and new'
try curl "$mixed" "$mixed" curl -s -C - -o FILE URL
try wget "$mixed" "$mixed" wget -q -c URL
try wget2 "$mixed" "$mixed" wget2 -q -c URL
try lftp "$mixed" "$mixed" lftp -c "get -c URL"
try busybox "$mixed" "$mixed" busybox wget -q -c URL
try snarf "$mixed" "$mixed" snarf -q -r URL
try httpie "$mixed" "$mixed" "$venv/bin/http" --ignore-stdin -q -d -c -o FILE URL
try aria2c 'the old part, exit 1' "$mixed" aria2c -q -c URL
try axel "$mixed, without end" "$mixed" axel -q -n 2 URL
new='the new file, asked with If-Range'
try apt "$new" "$new" "$root/usr/lib/apt/apt-helper" -o Dir::Bin::methods="$root/usr/lib/apt/methods" \
    -o APT::Sandbox::User=root -o Dir::Cache="$T" download-file URL FILE
verdict
