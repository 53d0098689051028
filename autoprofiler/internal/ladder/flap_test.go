//go:build !race

// Millions of looks from one goroutine: the race detector would take minutes and find nothing.
package ladder

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"
)

// pattern is memory that comes and goes for hours, as a share of the limit at a second.
type pattern struct {
	name string
	at   func(s float64) float64
}

// saw rises from one share to another in a period, and falls at once.
func saw(period, from, to float64) func(float64) float64 {
	return func(s float64) float64 { return from + (to-from)*math.Mod(s, period)/period }
}

// noise is around a share, another one each second, the same at each run.
func noise(around, by float64) func(float64) float64 {
	return func(s float64) float64 {
		return around + by*(2*rand.New(rand.NewPCG(uint64(s), 7)).Float64()-1)
	}
}

var patterns = []pattern{
	{"die.go: 30 s to 82 %", saw(30, 0.5, 0.82)},
	{"die.go: 30 s to 93 %", saw(30, 0.5, 0.93)},
	{"die.go: 30 s to 97 %", saw(30, 0.5, 0.97)},
	{"die.go: 120 s to 97 %", saw(120, 0.5, 0.97)},
	{"die.go: 300 s to 97 %", saw(300, 0.5, 0.97)},
	{"die.go: 60 s to 75 %", saw(60, 0.5, 0.75)},
	{"saw, 7 s to 99 %", saw(7, 0.3, 0.99)},
	{"saw, 60 s to 99.9 %", saw(60, 0.3, 0.999)},
	{"saw, 20 s to 99.99 %", saw(20, 0.5, 0.9999)},
	{"peaks that rise", func(s float64) float64 { return saw(60, 0.4, min(0.985, 0.72+s/60*0.005))(s) }},
	{"peaks that rise to 99.9 %", func(s float64) float64 { return saw(60, 0.4, 1-0.3*math.Exp(-s/1200)-0.001)(s) }},
	{"double flap, 30 s and 300 s", func(s float64) float64 { return saw(30, 0.4, 0.6)(s) + saw(300, 0, 0.38)(s) }},
	{"slow leak under the saw of collections", func(s float64) float64 {
		return min(0.95, (0.35+s/14400*0.12)*(1+math.Mod(s, 11)/11))
	}},
	{"staircase", func(s float64) float64 { return min(0.97, 0.5+0.02*float64(int(s/120)%25)) }},
	{"calm", func(float64) float64 { return 0.3 }},
	{"plateau at 79 %", noise(0.79, 0.002)},
	{"plateau at 85 %", noise(0.85, 0.002)},
	{"plateau at 96 %", noise(0.96, 0.005)},
	{"plateau at 99.9 %", noise(0.999, 0.0009)},
	{"noise around 80 %", noise(0.80, 0.07)},
	{"noise around 95 %", noise(0.93, 0.065)},
	{"four ramps an hour to 98 %", func(s float64) float64 { return 0.4 + max(0, 0.58*(math.Mod(s, 900)-600)/300) }},
	{"twelve ramps an hour to 99.8 %", func(s float64) float64 { return 0.4 + max(0, 0.598*(math.Mod(s, 300)-200)/100) }},
}

// needsStandby are those in which no rule tells a fatal ramp from the hundreds before: they come as near to the limit as
// looks can tell.
var needsStandby = map[string]bool{
	"saw, 20 s to 99.99 %": true, "plateau at 99.9 %": true,
	"saw, 60 s to 99.9 %, with a full cgroup": true, "peaks that rise to 99.9 %, with a full cgroup": true,
}

// fatal is a ramp: from the pattern's value, but at most a share, at a speed in shares of the limit a second.
type fatal struct{ most, speed float64 }

var fatals = []fatal{{0.9, 0.0002}, {0.9, 0.002}, {0.5, 0.02}, {0.5, 0.1}}

// outcome counts what happened to a pattern.
type outcome struct {
	deaths, missed int
	worst          time.Duration // age of the last capture above 80 %
	most           int           // captures in an hour
	standbys       int           // while no ramp was fatal
}

func (l *Ladder) clone() *Ladder {
	c := *l
	c.passed, c.recent = slices.Clone(l.passed), slices.Clone(l.recent)
	c.signals = map[string]*signal{}
	for name, s := range l.signals {
		copied := *s
		copied.peaks = slices.Clone(s.peaks)
		c.signals[name] = &copied
	}
	return &c
}

// life is a process: its ladder, and what it captured.
type life struct {
	*Ladder
	captures []time.Time
	high     time.Time // the last capture or standby above 80 %
}

func (p *life) look(now time.Time, value float64, others func(value, s float64) []Reading, o *outcome) (standby bool) {
	const limit = 1 << 30
	readings := append(others(value, now.Sub(start).Seconds()), Reading{"cgroup", uint64(value * limit)})
	switch p.Decide(now, limit, readings...).Reason {
	case Ratio, Forecast, Growth:
		p.captures = append(p.captures, now)
		first := sort.Search(len(p.captures), func(i int) bool { return now.Sub(p.captures[i]) < time.Hour })
		o.most = max(o.most, len(p.captures)-first)
	case Standby:
		standby = true
	default:
		return false
	}
	if value >= 0.8 {
		p.high = now
	}
	return standby
}

// live lets a process follow a pattern for four hours, and one like it die of each ramp every five minutes.
func live(config Config, p pattern, others func(value, s float64) []Reading) (o outcome) {
	process := life{Ladder: New(config)}
	deaths := 1
	for now := start; deaths <= 48; now = now.Add(process.Pace(time.Second)) {
		s := now.Sub(start).Seconds()
		if s >= float64(300*deaths) {
			deaths++
			for _, f := range fatals {
				dying := life{process.clone(), slices.Clone(process.captures), process.high}
				from, at := min(f.most, p.at(s)), now
				for {
					value := from + f.speed*at.Sub(now).Seconds()
					if value >= 1 {
						break
					}
					dying.look(at, value, others, &o)
					at = at.Add(dying.Pace(time.Second))
				}
				died := now.Add(time.Duration((1 - from) / f.speed * float64(time.Second)))
				o.deaths++
				age := died.Sub(dying.high)
				if age > 30*time.Second {
					o.missed++
				}
				o.worst = max(o.worst, age)
			}
		}
		if process.look(now, p.at(s), others, &o) {
			o.standbys++
		}
	}
	return o
}

// others are what else is looked at: the heap below the cgroup, or a cgroup full of files.
var others = map[string]func(value, s float64) []Reading{
	"alone":         func(float64, float64) []Reading { return nil },
	"with the heap": func(value, _ float64) []Reading { return []Reading{{"heap", uint64(value * 0.97 * (1 << 30))}} },
	"with a full cgroup": func(_, s float64) []Reading {
		return []Reading{{"rss", uint64((0.998 + 0.001*math.Sin(s)) * (1 << 30))}}
	},
}

// Memory that comes and goes for hours, and then a ramp to the death: a capture above 80 % is at most 30 s old.
func TestAFatalRampAfterFlapping(t *testing.T) {
	for _, p := range patterns {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for name, readings := range others {
				for _, standby := range []bool{false, true} {
					config := config
					config.Standby = standby
					o := live(config, p, readings)
					t.Logf("%s, standby %v: %d of %d deaths missed, the oldest capture %v, %d captures in an hour, %d standbys",
						name, standby, o.missed, o.deaths, o.worst.Round(time.Second), o.most, o.standbys)
					if o.missed > 0 && (standby || !needsStandby[p.name] && !needsStandby[p.name+", "+name]) {
						t.Errorf("%s, standby %v: %d of %d deaths without a capture above 80 %% in the last 30 s, one %v old",
							name, standby, o.missed, o.deaths, o.worst)
					}
					if o.most > config.MaxPerHour {
						t.Errorf("%s: %d captures in an hour, %d are allowed", name, o.most, config.MaxPerHour)
					}
				}
			}
		})
	}
}
