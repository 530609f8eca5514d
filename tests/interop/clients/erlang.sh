. "$(dirname "$0")/../kit.sh"
debs erlang-base=1:25.2.3+dfsg-1+deb12u4 erlang-inets=1:25.2.3+dfsg-1+deb12u4
versions=("${versions[0]}")
title="Erlang's httpc"
does='names in lower case, `te: ` empty, GET with `content-length: 0`, kept'

cat >"$T/ask.escript" <<'ERL'
#!/usr/bin/env escript
get(Url, Fields) -> {ok, {{_, _, _}, _, Body}} = httpc:request(get, {Url, Fields}, [{timeout, 60000}], [{body_format, binary}]), Body.
main([Url]) ->
    inets:start(),
    [file:write_file("hello", get(Url ++ "/hello", [])) || _ <- [1, 2, 3]],
    file:write_file("big", get(Url ++ "/bytes/3000000", [])),
    {ok, Data} = file:read_file("upload"),
    Put = fun(Body) -> {ok, {_, _, Answer}} = httpc:request(put, {Url ++ "/hash", [], "x/y", Body}, [], [{body_format, binary}]), Answer end,
    file:write_file("put", Put(Data)),
    Pieces = fun(<<Piece:60000/binary, Rest/binary>>) -> {ok, Piece, Rest}; (<<>>) -> eof end,
    file:write_file("chunked", Put({chunkify, Pieces, Data})),
    file:write_file("redirect", get(Url ++ "/redirect/302", [])),
    file:write_file("auth", get(Url ++ "/auth", [{"authorization", "Basic dXNlcjpzZWNyZXQ="}])),
    file:write_file("stream", get(Url ++ "/stream", [])),
    file:write_file("ranged", get(Url ++ "/bytes/1000", [{"range", "bytes=10-19"}])).
ERL
work() {
    sed "s#/usr/lib/erlang#$root/usr/lib/erlang#g" "$root/usr/lib/erlang/bin/erl" >"$T/erl"
    chmod +x "$T/erl"
    library of env ERL_ROOTDIR="$root/usr/lib/erlang" ESCRIPT_EMULATOR="$T/erl" "$root/usr/lib/erlang/bin/escript" "$T/ask.escript"
    asked 'GET /hello HTTP/1.1.*te: ;?'
}
row
