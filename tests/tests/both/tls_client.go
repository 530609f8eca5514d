// Go's client asks a server with TLS: url, roots, certificate, key.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	url := os.Args[1]
	pem, err := os.ReadFile(os.Args[2])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	own, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
	check(err)
	config := &tls.Config{
		RootCAs:            roots,
		Certificates:       []tls.Certificate{own},
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
	transport := &http.Transport{TLSClientConfig: config}
	client := &http.Client{Transport: transport}
	for range 2 {
		fmt.Println(string(get(client.Get(url + "/"))))
		transport.CloseIdleConnections()
	}
	body := bytes.NewReader(make([]byte, 3_000_000))
	fmt.Println(string(get(client.Post(url+"/length", "text/plain", body))))
	fmt.Println(len(get(client.Get(url + "/big"))))

	conn, err := tls.Dial("tcp", url[len("https://"):], config)
	check(err)
	_, err = io.WriteString(conn, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
	check(err)
	// Without close_notify this is an unexpected EOF.
	_, err = io.ReadAll(conn)
	check(err)
	fmt.Println("goodbye")
}

func get(response *http.Response, err error) []byte {
	check(err)
	body, err := io.ReadAll(response.Body)
	check(err)
	check(response.Body.Close())
	return body
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
