// The functions of mpp-go as a conform402 target.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
)

const sdk = "github.com/tempoxyz/mpp-go"

type evaluation struct {
	Output  any    `json:"output,omitempty"`
	Refusal string `json:"refusal,omitempty"`
	Crash   string `json:"crash,omitempty"`
}

func main() {
	http.HandleFunc("GET /conform402/identity", identity)
	http.HandleFunc("POST /conform402/evaluations", evaluations)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go exitWhenStdinCloses()
	fmt.Printf("conform402-adapter http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}

func exitWhenStdinCloses() {
	// An error ends the input, too.
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func identity(response http.ResponseWriter, _ *http.Request) {
	send(response, map[string]any{
		"contract":     1,
		"name":         "mpp-go",
		"sdk":          sdk,
		"version":      version(),
		"language":     "go",
		"profiles":     []string{},
		"capabilities": []string{},
		"operations":   slices.Sorted(maps.Keys(operations)),
	})
}

func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == sdk {
			return module.Version
		}
	}
	panic("built without " + sdk)
}

func evaluations(response http.ResponseWriter, request *http.Request) {
	var order struct {
		Operation string
		Inputs    []json.RawMessage
	}
	if err := json.NewDecoder(request.Body).Decode(&order); err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	results := make([]evaluation, len(order.Inputs))
	for i, given := range order.Inputs {
		results[i] = evaluate(operations[order.Operation], given)
	}
	send(response, map[string]any{"results": results})
}

func evaluate(call operation, given json.RawMessage) (result evaluation) {
	defer func() {
		if crash := recover(); crash != nil {
			result = evaluation{Crash: fmt.Sprint(crash)}
		}
	}()
	output, err := call(given)
	if err != nil {
		return evaluation{Refusal: err.Error()}
	}
	return evaluation{Output: output}
}

func send(response http.ResponseWriter, value any) {
	response.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(response).Encode(value); err != nil {
		log.Print(err)
	}
}
