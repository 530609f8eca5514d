// A server for the client's tests: prints its port, and serves until its input ends.
// With two arguments, files of a certificate and its key, it speaks TLS.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		// An answer before the end of the request would end its reading.
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
		w.Header().Set("Sum", fmt.Sprint(len(body)))
	})
	http.HandleFunc("/hints", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(103)
		fmt.Fprint(w, "hinted")
	})
	http.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "user", Value: r.FormValue("user"), Path: "/"})
		http.Redirect(w, r, "/me", http.StatusSeeOther)
	})
	http.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("user")
		if err != nil {
			http.Error(w, "nobody", http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, cookie.Value)
	})
	http.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		for n := 0; n < 3; n++ {
			fmt.Fprintf(w, "data: %d\n\n", n)
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if len(os.Args) > 2 {
		go http.ServeTLS(listener, nil, os.Args[1], os.Args[2])
	} else {
		go http.Serve(listener, nil)
	}
	io.Copy(io.Discard, os.Stdin)
}
