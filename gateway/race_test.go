//go:build race

package main

// isRace: the race detector takes several times the memory.
const isRace = true
