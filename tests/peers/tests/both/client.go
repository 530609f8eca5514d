// Go's client asks a server of ours: its URL. Prints a line for each thing it learns.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const big = 3_000_000

var (
	url       = os.Args[1]
	transport = &http.Transport{MaxIdleConnsPerHost: 16, ExpectContinueTimeout: time.Minute}
	client    = &http.Client{Transport: transport, Timeout: time.Minute}
	dialed    atomic.Int64
	kept      = httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if !info.Reused {
				dialed.Add(1)
			}
		},
	})
)

func main() {
	for range 10 {
		expect(text(ask("GET", "/hello", nil)), "hello")
	}
	content := pattern(big)
	fmt.Println("known:", text(ask("POST", "/sum", bytes.NewReader(content))))
	fmt.Println("unknown:", text(ask("POST", "/sum", io.MultiReader(bytes.NewReader(content)))))
	fmt.Println("empty:", text(ask("POST", "/sum", http.NoBody)))
	fmt.Println("put:", text(ask("PUT", "/sum", strings.NewReader("abc"))))
	fmt.Println("trailers up:", trailersUp())
	for _, path := range []string{"/big", "/stream"} {
		response := ask("GET", path, nil)
		body := read(response)
		fmt.Println(path, response.ContentLength, bytes.Equal(body, content), response.Trailer)
	}
	head := ask("HEAD", "/big", nil)
	fmt.Println("head:", head.ContentLength, len(read(head)))
	bothWays(content)
	redirects()
	gzip := ask("GET", "/gzip", nil)
	fmt.Println("gzip:", gzip.Uncompressed, len(read(gzip)))
	none := ask("GET", "/none", nil)
	fmt.Printf("none: %d %q\n", none.StatusCode, text(none))
	interims()
	fmt.Println("dialed:", dialed.Load())

	refusals(content)
	parallel()
	canceled()
	transport.CloseIdleConnections()
	fmt.Println("end")
}

// Each piece is sent when the one before has come back.
func bothWays(content []byte) {
	reader, writer := io.Pipe()
	response := ask("POST", "/echo", reader)
	room := make([]byte, 100_000)
	for at := 0; at < big; at += len(room) {
		piece := content[at : at+len(room)]
		write(writer, piece)
		_, err := io.ReadFull(response.Body, room)
		check(err)
		expect(string(room), string(piece))
	}
	check(writer.Close())
	fmt.Println("both ways:", len(read(response)))
}

func write(writer io.Writer, piece []byte) {
	_, err := writer.Write(piece)
	check(err)
}

func trailersUp() string {
	request := build("POST", "/sum", io.MultiReader(strings.NewReader("abcd")))
	request.Trailer = http.Header{"Sum": nil}
	request.Body = &ends{request.Body, func() { request.Trailer.Set("Sum", "four") }}
	return text(do(request))
}

// A body that tells of its end.
type ends struct {
	io.ReadCloser
	ended func()
}

func (body *ends) Read(room []byte) (int, error) {
	count, err := body.ReadCloser.Read(room)
	if err == io.EOF {
		body.ended()
	}
	return count, err
}

func redirects() {
	moved := ask("POST", "/moved", strings.NewReader("abc"))
	fmt.Println("moved:", moved.Request.URL.Path, text(moved))
	keep := ask("POST", "/keep", strings.NewReader("abc"))
	fmt.Println("keep:", keep.Request.URL.Path, text(keep))
}

func interims() {
	var told []string
	trace := &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			told = append(told, fmt.Sprint(code, " ", header.Get("Link")))
			return nil
		},
		Got100Continue: func() { told = append(told, "continue") },
	}
	traced := func(method, path string, body io.Reader) *http.Request {
		request := build(method, path, body)
		return request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
	}
	fmt.Println("hints:", text(do(traced("GET", "/hints", nil))), told)
	told = nil
	waits := traced("POST", "/sum", strings.NewReader("abc"))
	waits.Header.Set("Expect", "100-continue")
	fmt.Println("waits:", text(do(waits)), told)
}

// What is refused before it was sent, while it is sent, and where it is short.
func refusals(content []byte) {
	asks := build("POST", "/refuse", unread{})
	asks.Header.Set("Expect", "100-continue")
	response := do(asks)
	fmt.Println("not sent:", response.StatusCode, text(response))
	for range 20 {
		response := ask("POST", "/refuse", bytes.NewReader(content))
		expect(text(response), "no")
	}
	before := dialed.Load()
	for range 5 {
		expect(text(ask("POST", "/refuse", strings.NewReader("abc"))), "no")
	}
	fmt.Println("refused:", dialed.Load() <= before+1)
}

type unread struct{}

func (unread) Read([]byte) (int, error) {
	panic("the body is sent without leave")
}

func parallel() {
	before := dialed.Load()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				expect(text(ask("GET", "/hello", nil)), "hello")
				expect(text(ask("POST", "/sum", strings.NewReader("abc"))), "POST 3 3 -")
			}
		})
	}
	all.Wait()
	// Go may dial beside waiting for one that comes back.
	fmt.Println("parallel:", dialed.Load() <= before+16)
}

func canceled() {
	ctx, cancel := context.WithCancel(kept)
	response := do(build("GET", "/endless", nil).WithContext(ctx))
	room := make([]byte, 5)
	_, err := io.ReadFull(response.Body, room)
	check(err)
	cancel()
	_, err = response.Body.Read(room)
	fmt.Println("canceled:", string(room), errors.Is(err, context.Canceled))
}

func build(method, path string, body io.Reader) *http.Request {
	request, err := http.NewRequestWithContext(kept, method, url+path, body)
	check(err)
	return request
}

func do(request *http.Request) *http.Response {
	response, err := client.Do(request)
	check(err)
	return response
}

func ask(method, path string, body io.Reader) *http.Response {
	return do(build(method, path, body))
}

func read(response *http.Response) []byte {
	body, err := io.ReadAll(response.Body)
	check(err)
	check(response.Body.Close())
	return body
}

func text(response *http.Response) string {
	return string(read(response))
}

func pattern(length int) []byte {
	bytes := make([]byte, length)
	for at := range bytes {
		bytes[at] = byte(at % 251)
	}
	return bytes
}

func expect(came, expected string) {
	if came != expected {
		check(fmt.Errorf("%.100q came in place of %.100q", came, expected))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
