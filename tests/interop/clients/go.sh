. "$(dirname "$0")/../kit.sh"
versions=("go $(go version | sed 's/.*go\([0-9.]*\) .*/\1/')")
[ -n "${versions[0]#go }" ] || give_up 'no go'
title="Go's net/http"
does='kept, gzip asked for; a reader as chunks'

cat >"$T/ask.go" <<'GO'
package main

import ("bytes"; "io"; "net/http"; "net/url"; "os")

var client = http.DefaultClient

func keep(name, method, path string, body io.Reader, change func(*http.Request)) {
	request, err := http.NewRequest(method, os.Args[1]+path, body)
	if err != nil { panic(err) }
	if change != nil { change(request) }
	response, err := client.Do(request)
	if err != nil { panic(err) }
	data, err := io.ReadAll(response.Body)
	if err != nil { panic(err) }
	os.WriteFile(name, data, 0o644)
}

func main() {
	for range 3 { keep("hello", "GET", "/hello", nil, nil) }
	keep("big", "GET", "/bytes/3000000", nil, nil)
	data, _ := os.ReadFile("upload")
	keep("put", "PUT", "/hash", bytes.NewReader(data), func(r *http.Request) { r.Header.Set("Expect", "100-continue") })
	keep("chunked", "PUT", "/hash", io.MultiReader(bytes.NewReader(data)), nil)
	keep("redirect", "GET", "/redirect/302", nil, nil)
	keep("auth", "GET", "/auth", nil, func(r *http.Request) { r.SetBasicAuth("user", "secret") })
	keep("stream", "GET", "/stream", nil, nil)
	keep("ranged", "GET", "/bytes/1000", nil, func(r *http.Request) { r.Header.Set("Range", "bytes=10-19") })
	proxy, _ := url.Parse(os.Args[1])
	client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	keep("proxied", "GET", "/hello", nil, nil)
}
GO
mkdir -p "$cache/go"
HOME=$home GOCACHE=$cache/go go build -o "$T/ask" "$T/ask.go" >"$T/go.log" 2>&1 || give_up "$(tail -n 3 "$T/go.log")"
work() { library "$T/ask"; }
row
