//go:build !linux

package main

import "os"

func main() {
	os.Stderr.WriteString("survive: Linux is needed, whose memory cgroups kill; in Docker: docker run --privileged\n")
	os.Exit(2)
}
