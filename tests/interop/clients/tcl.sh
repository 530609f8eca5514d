. "$(dirname "$0")/../kit.sh"
debs tcl8.6=8.6.13+dfsg-2
versions=("${versions[0]}")
title="Tcl's http"
does='HTTP/1.1, Connection: close; gzip, deflate and compress are asked for'

cat >"$T/ask.tcl" <<'TCL'
package require http
set url [lindex $argv 0]
proc keep {name path args} {
    global url
    set token [http::geturl $url$path -binary 1 -timeout 60000 {*}$args]
    set out [open $name wb]; puts -nonewline $out [http::data $token]; close $out
    http::cleanup $token
}
foreach _ {1 2 3} { keep hello /hello -keepalive 1 }
keep big /bytes/3000000
set in [open upload rb]
keep put /hash -method PUT -querychannel $in -type application/octet-stream
keep auth /auth -headers {Authorization {Basic dXNlcjpzZWNyZXQ=}}
keep stream /stream
keep ranged /bytes/1000 -headers {Range bytes=10-19}
TCL
work() { library of env TCL_LIBRARY="$root/usr/share/tcltk/tcl8.6" tclsh8.6 "$T/ask.tcl"; }
row
