. "$(dirname "$0")/../kit.sh"
debs httperf=0.9.0-9+b2
does='HTTP/1.1, Host without a port; bursts pipelined; sessions with POST'

httperf() { of httperf --server 127.0.0.1 --port "$port" "$@" 2>&1; }
# What it printed of the body of its one reply: lines that begin with RB.
body() { httperf "$@" --num-conns 1 --num-calls 1 --print-reply=body | sed -n 's/^RB[0-9]*://p'; }
work() {
    httperf --uri /bytes/5000 --num-conns 5 --num-calls 20 --burst-length 5 >said
    has replies 'requests 100 replies 100' "$(cat said)"
    has statuses '2xx=100' "$(cat said)"
    has errors 'Errors: total 0' "$(cat said)"
    has 'all bytes' 'Net I/O' "$(cat said)"
    is hello hello "$(body --uri /hello)"
    body --uri /bytes/100000 | head -c 100000 >got
    same 'a body' got 100000
    printf '%s' "/hash method=POST contents='what is sent'" >session
    httperf --wsesslog 3,0,session --print-reply=body >said
    has 'what was sent' "$(printf 'what is sent' | sum) 12" "$(cat said)"
    asked 'POST /hash HTTP/1.1'
}
row
