. "$(dirname "$0")/../kit.sh"
debs httperf=0.9.0-9+b2
does='HTTP/1.1, Host without a port; bursts pipelined'

work() {
    of httperf --server 127.0.0.1 --port "$port" --uri /bytes/5000 --num-conns 5 --num-calls 20 --burst-length 5 >said 2>&1
    has replies 'requests 100 replies 100' "$(cat said)"
    has statuses '2xx=100' "$(cat said)"
    has errors 'Errors: total 0' "$(cat said)"
}
row
