// Command bench measures net/http's ServeMux on the same routes and shapes.
//
//	bench match ROUTES.json
//	bench register < SHAPES.json
//
// It prints a line of JSON for each measurement, as the Rust program does.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"
)

type route struct{ Method, Pattern, Path string }

type shape struct {
	Shape    string
	Patterns []string
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "match":
		match(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "register":
		register()
	default:
		fmt.Fprintln(os.Stderr, "usage: bench match ROUTES.json | bench register < SHAPES.json")
		os.Exit(2)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func print(line map[string]any) {
	text, err := json.Marshal(line)
	check(err)
	fmt.Println(string(text))
}

func match(file string) {
	text, err := os.ReadFile(file)
	check(err)
	var all struct{ Routes []route }
	check(json.Unmarshal(text, &all))
	mux := http.NewServeMux()
	var requests []*http.Request
	for _, r := range all.Routes {
		mux.HandleFunc(r.Pattern, func(http.ResponseWriter, *http.Request) {})
		request, err := http.NewRequest(r.Method, "http://example.test"+r.Path, nil)
		check(err)
		requests = append(requests, request)
	}
	for i, request := range requests {
		if _, pattern := mux.Handler(request); pattern != all.Routes[i].Pattern {
			panic(pattern)
		}
	}
	const samples, rounds = 31, 400
	var times []float64
	for range samples {
		start := time.Now()
		for range rounds {
			for _, request := range requests {
				mux.Handler(request)
			}
		}
		times = append(times, float64(time.Since(start).Nanoseconds())/float64(rounds*len(requests)))
	}
	slices.Sort(times)
	print(map[string]any{"bench": "match", "what": "Go ServeMux",
		"ns": times[samples/2], "min": times[0], "max": times[samples-1]})
}

func register() {
	var shapes []shape
	check(json.NewDecoder(os.Stdin).Decode(&shapes))
	handler := http.NotFoundHandler()
	for _, s := range shapes {
		const samples = 3
		var times []float64
		for range samples {
			start := time.Now()
			mux := http.NewServeMux()
			for _, pattern := range s.Patterns {
				mux.Handle(pattern, handler)
			}
			times = append(times, float64(time.Since(start).Nanoseconds())/1e6)
		}
		slices.Sort(times)
		print(map[string]any{"bench": "register", "what": "Go ServeMux", "shape": s.Shape,
			"routes": len(s.Patterns), "ms": times[samples/2], "min": times[0], "max": times[samples-1]})
	}
}
