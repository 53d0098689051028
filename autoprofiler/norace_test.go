//go:build !race

package autoprofiler_test

const raceEnabled = false
