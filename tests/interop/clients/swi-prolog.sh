. "$(dirname "$0")/../kit.sh"
debs swi-prolog-nox=9.0.4+dfsg-2
versions=("${versions[0]}")
title='SWI-Prolog'
does='HTTP/1.0 with Connection: close; with keep-alive a request of HTTP/1.0, then HTTP/1.1'
mended='`Connection: keep-alive` is said back to who says it: it waited for the close'

cat >"$T/ask.pl" <<'PL'
:- use_module(library(http/http_open)).
:- use_module(library(http/http_client)).
:- use_module(library(lists)).
:- use_module(library(readutil)).
url(Path, Url) :- getenv('URL', Base), atom_concat(Base, Path, Url).
keep(Name, Path, Options) :- url(Path, Url), setup_call_cleanup(http_open(Url, In, Options),
    setup_call_cleanup(open(Name, write, Out, [type(binary)]), (set_stream(In, type(binary)), copy_stream_data(In, Out)), close(Out)), close(In)).
main :- forall(member(_, [1, 2, 3]), keep(hello, '/hello', [connection('Keep-Alive')])),
    keep(plain, '/hello', []), keep(big, '/bytes/3000000', []), keep(redirect, '/redirect/302', []),
    keep(auth, '/auth', [authorization(basic(user, secret))]), keep(stream, '/stream', []),
    keep(ranged, '/bytes/1000', [range(bytes(10, 19))]),
    keep(put, '/hash', [method(put), post(file('application/octet-stream', upload))]).
:- initialization((catch(main, E, (print_message(error, E), halt(1))), halt)).
PL
work() { URL=$url library of env SWI_HOME_DIR="$root/usr/lib/swi-prolog" swipl -q "$T/ask.pl" --; asked 'Keep-Alive|keep-alive'; }
row
