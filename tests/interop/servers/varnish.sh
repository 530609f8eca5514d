# Varnish 7.1.1 before node: chunk sizes with zeros, a status of 700.
. "$(dirname "$0")/../works.sh"
title=Varnish
does='chunk sizes with leading zeros, statuses beyond 599, 206 from its cache'
debs varnish=7.1.1-2+deb12u1
files
origin=$(free_port) port=$(free_port)
cat >"$T/conf.vcl" <<VCL
vcl 4.1;
backend node { .host = "127.0.0.1"; .port = "$origin"; }
sub vcl_recv {
    if (req.url == "/odd") { return (synth(700, "Odd")); }
    if (req.url == "/pass") { return (pass); }
}
VCL
serve node "$interop/origin.mjs" "$origin" 0 "$www"
up "$origin"
serve of varnishd -F -n "$T/varnish" -a "127.0.0.1:$port" -f "$T/conf.vcl" -s malloc,16m -j none \
    -p timeout_idle=2
up "$port"
url=http://127.0.0.1:$port

work() {
    step 'GET, miss and hit' '2 x 200 hello' -n 2 "$url/hello"
    step HEAD '200 nothing' -X HEAD "$url/hello"
    step 'a range of what it has' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/hello"
    step 'no such range' '416' -H 'Range: bytes=99-' "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step 'no length' '200 hello' "$url/stream"
    step 204 '204 nothing' "$url/204"
    step 'a redirect' '200 hello' "$url/moved"
    step 'POST, Expect' "200 small's hash" -e -X POST -T "$sent-small" "$url/hash"
    step 'POST, chunked' "200 large's hash" -X POST -c "$sent-large" "$url/hash"
    step 'a status of 700' '3 x 700 nothing' -n 3 -X HEAD "$url/odd"
    mixed "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" "$url/hello" "$url/hash"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 2500 "$url/hello"
}
row
