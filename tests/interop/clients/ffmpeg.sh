. "$(dirname "$0")/../kit.sh"
debs ffmpeg=7:5.1.9-0+deb12u1
does='GET with `Range: bytes=0-` and Icy-MetaData; a stream is a PUT in chunks, which it does not wait to see answered'

# Its libraries are in several folders.
libraries=$(find "$root/lib" "$root/usr/lib" -name '*.so*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd:)
ffmpeg() { of env LD_LIBRARY_PATH="$libraries" ffmpeg -nostdin -loglevel error "$@"; }

work() {
    ok sound ffmpeg -y -f lavfi -i sine=duration=2 -f wav served/sound.wav
    ok reading ffmpeg -y -i "$url/files/sound.wav" -f wav copied.wav
    is sound "$(ffmpeg -i served/sound.wav -f md5 -)" "$(ffmpeg -i copied.wav -f md5 -)"
    asked 'GET /files/sound.wav HTTP/1.1.*Range: bytes=0-'
    ffmpeg -i served/sound.wav -f wav -method PUT "$url/files/sent.wav" >said 2>&1
    asked 'PUT /files/sent.wav HTTP/1.1.*Transfer-Encoding: chunked'
    ok 'what was sent' ffmpeg -i served/sent.wav -f null -
}
row
