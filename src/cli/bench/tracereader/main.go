// Command tracereader reads an execution trace to its end with golang.org/x/exp/trace, and prints how many events it has and
// the milliseconds of each reading: the peer of the bench.
//
//	tracereader FILE READINGS
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/exp/trace"
)

func main() {
	content, err := os.ReadFile(os.Args[1])
	check(err)
	readings, err := strconv.Atoi(os.Args[2])
	check(err)
	for range readings {
		start := time.Now()
		events, err := read(content)
		check(err)
		fmt.Println(events, float64(time.Since(start).Microseconds())/1000)
	}
}

func read(content []byte) (events int, err error) {
	r, err := trace.NewReader(bytes.NewReader(content))
	if err != nil {
		return 0, err
	}
	for {
		_, err := r.ReadEvent()
		if err == io.EOF {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		events++
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
