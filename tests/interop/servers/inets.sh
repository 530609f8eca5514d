# Erlang/OTP 25's inets: CGI with a length and a coding at once.
. "$(dirname "$0")/../works.sh"
title='inets of Erlang/OTP'
does='CGI with Content-Length gets Transfer-Encoding: chunked as well, which is refused; HEAD closes unannounced; no ranges'
mended='POSTs behind an unannounced close failed'
debs erlang-inets=1:25.2.3+dfsg-1+deb12u4 erlang-base=1:25.2.3+dfsg-1+deb12u4
files
port=$(free_port)
mkdir -p "$T/inets/cgi-bin"
cat >"$T/inets/cgi-bin/hash" <<'SH'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
head -c "$CONTENT_LENGTH" | sha256sum | head -c 64
SH
printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\nContent-Length: 12\\r\\n\\r\\nhello world\\n"\n' >"$T/inets/cgi-bin/both"
chmod +x "$T"/inets/cgi-bin/*
ROOTDIR=$root/usr/lib/erlang
export ROOTDIR BINDIR=$(echo "$ROOTDIR"/erts-*/bin) EMU=beam PROGNAME=erl
serve of "$BINDIR/erlexec" -noshell -boot "$ROOTDIR/bin/start_clean" -eval "
    {ok, _} = application:ensure_all_started(inets),
    {ok, _} = inets:start(httpd, [{port, $port}, {bind_address, {127,0,0,1}}, {server_name, \"here\"},
        {server_root, \"$T/inets\"}, {document_root, \"$www\"}, {keep_alive_timeout, 2},
        {modules, [mod_alias, mod_cgi, mod_get, mod_head]}, {script_alias, {\"/cgi-bin/\", \"$T/inets/cgi-bin/\"}}])."
up "$port"
sleep 2 # its first answers are 500, while it loads what it needs
url=http://127.0.0.1:$port

work() {
    step GET '200 hello' "$url/hello"
    step HEAD '3 x 200 nothing' -n 3 -X HEAD "$url/hello"
    step '3 MB' '200 big' "$url/big"
    step 'not there' '404' "$url/none"
    step 'POST to a CGI' "200 small's hash" -X POST -d "$sent-small" "$url/cgi-bin/hash"
    step 'both a length and a coding' 'error: *' "$url/cgi-bin/both"
    mixed "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" "$url/hello" "$url/cgi-bin/hash"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 4500 "$url/hello"
}
row
