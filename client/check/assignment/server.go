// A string server: the README beside this file says what it must do.
//
//	go run server.go 2000
package main

import (
	"fmt"
	"os"
	"strconv"
)

func serve(port int) int {
	// 1. net.Listen("tcp", ...) on 127.0.0.1 and this port
	// 2. Accept() a client, and serve it in a goroutine of its own.
	// 3. Read() what it has sent: it may be several letters, or half of one.
	// 4. Append each letter to the string, and Write() the string: one mutex for both.
	// 5. Read() returns io.EOF: this client has left. Close() its connection.
	fmt.Fprintf(os.Stderr, "server.go is not written yet: it should listen on port %d\n", port)
	return 1
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s PORT\n", os.Args[0])
		os.Exit(2)
	}
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintf(os.Stderr, "usage: %s PORT\n", os.Args[0])
		os.Exit(2)
	}
	os.Exit(serve(port))
}
