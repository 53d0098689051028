package capture

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// Schedule captures every target again and again until the context ends. Each has a moment of its own in the interval, so that the
// instances of a service are not slowed together.
func (c *Capturer) Schedule(ctx context.Context) {
	every := c.config.Schedule.Every
	profiles, err := profilesOf(c.config.Schedule.Profiles)
	if every == 0 || err != nil { // Problems has told of the error.
		return
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	due := map[string]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			next := map[string]time.Time{} // Targets that are gone are left out.
			for _, t := range c.targets.All() {
				at, isKnown := due[t.ID()]
				if !isKnown {
					at = now.Add(phase(t, every))
				}
				if !now.Before(at) {
					_, refusal := c.start(request{target: t, profiles: profiles, seconds: c.config.Schedule.Seconds, trigger: TriggerInterval})
					at = now.Add(every - every/20 + rand.N(every/10))
					if refusal != nil && refusal.Status == http.StatusServiceUnavailable { // Too many at once: soon again.
						at = now.Add(min(every, refusal.After/2+rand.N(refusal.After)))
					}
				}
				next[t.ID()] = at
			}
			due = next
		}
	}
}

// phase is where in the interval a target is captured first: the same after each start of the gateway.
func phase(t targets.Target, every time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(t.ID()))
	return time.Duration(h.Sum64() % uint64(every))
}
