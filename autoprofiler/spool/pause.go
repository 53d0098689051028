package spool

import (
	"math/rand/v2"
	"time"
)

// The pause after a failed upload doubles from the first to the last of these.
const (
	FirstPause = 250 * time.Millisecond
	LastPause  = time.Minute
)

// Pause is how long an uploader waits after so many failures in a row, at least one, and at most longest. Half of it is at random,
// so that the instances of a service do not return at the same moment.
func Pause(failures int, longest time.Duration) time.Duration {
	pause := min(FirstPause<<min(failures-1, 16), longest)
	return pause/2 + rand.N(pause/2+1)
}
