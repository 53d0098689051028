// Package ladder decides when memory is worth a capture. It reads neither a clock nor memory: the same readings give the
// same decisions.
//
//	95 % ─────────────────────●──   A rung is captured once, when a signal passes it. It counts again after the
//	90 % ───────────────────●────   signal fell 5 % of the limit below it. A jump over several rungs is one capture,
//	80 % ─────────╭╮──────●──────   of the highest. Between and below the rungs, growth since the last capture, and
//	70 % ──────●──╯╰●────╱───────   a speed that reaches the limit before the next look, are captured too.
//	     ────╱───────╰──╯────────
//
// The hour has a bound of captures, and memory that flaps must not use it up before the ramp that kills: a rung that is
// captured again grows dearer each time, and a part of the bound belongs to what is higher than all that the hour has
// captured. Such a peak lies at least half way from the highest capture to the limit, so that few of them fit below the
// limit, however often memory comes back.
//
// No rule can tell a peak that kills from a hundred like it that did not. Where a capture can wait on disk, Standby keeps
// one for that: each takes the place of the last, so that they do not count, and only a process that dies leaves one.
package ladder

import (
	"math"
	"time"
)

// rearm is how far below a rung a signal must fall, as a share of the limit, before the rung counts again.
const rearm = 0.05

// dearer is by how much the cooldown of a rung grows with each of its captures in the last hour.
const dearer = 4

// Peaks: how near to the limit the last of them may be, as a share of it, and how soon after another capture one is of use.
// Each halves what is left to the limit, so that from 80 % on maxPeaks of them fit into an hour.
const (
	nearest  = 1.0 / 1024
	maxPeaks = 8
	peakPace = 5 * time.Second
)

// Standby: a capture at least so old, or of a lower rung, is replaced while a signal is above the top rung, or would be at
// the limit within standbyHorizon.
const (
	standbyPace    = 10 * time.Second
	standbyHorizon = 30 * time.Second
)

// Config is when to capture.
type Config struct {
	Rungs      []float64     // shares of the limit, ascending
	Growth     float64       // share of the limit by which a signal must have grown since the last capture
	Cooldown   time.Duration // between two captures for growth, two forecasts, or two of one rung
	MaxPerHour int           // captures in any hour; growth and forecast leave room in it for one pass of the ladder, rungs for peaks
	Horizon    time.Duration // a forecast is a signal whose speed reaches the limit within this time
	Standby    bool          // whether a capture can be kept for the case that the process dies
}

// Reading is one signal at one look.
type Reading struct {
	Signal string
	Value  uint64 // bytes
}

// Reason is why a capture is due.
type Reason int

// Reasons, the strongest first.
const (
	None     Reason = iota
	Ratio           // a rung was passed, or a peak of the hour above one
	Forecast        // the limit is close in time
	Growth          // the value has grown since the last capture
	Standby         // none is due, but the process may be about to die: to be kept in place of the last one, and not to be counted
	Held            // a rung was passed, but the hour has had its captures: said once, captured when there is room
)

// Decision says whether a capture is due and which signal asks for it.
type Decision struct {
	Reason Reason
	Reading
	Rung float64 // the highest rung reached, with Ratio, Standby and Held
}

// Ladder holds what was captured. Use New. It is not safe for concurrent use.
type Ladder struct {
	config   Config
	signals  map[string]*signal
	passed   []time.Time // per rung: when it, or one above it, was last captured
	recent   []captured  // captures decided here in the last hour, oldest first
	captured time.Time   // the last capture of any kind, at first the first look
	forecast time.Time   // the last forecast
	reach    time.Duration
}

// captured is a capture that was decided: of a rung, by index, or with -1 for another reason.
type captured struct {
	at   time.Time
	rung int
}

// peak is a capture of a signal: what share of the limit it had.
type peak struct {
	at    time.Time
	share float64
}

// signal is one signal's way up and down the ladder.
type signal struct {
	peaks     []peak    // captures of the last hour that none after them was as high as: falling, the highest first
	rungs     int       // rungs passed and not yet left
	held      int       // rungs whose capture was held
	mark      uint64    // value at the last capture; growth counts from here
	near      time.Time // the last capture or standby with this signal near the limit
	nearRungs int       // rungs it had passed then
	top       time.Time // the last such capture
	last      uint64    // value at the last look
	at        time.Time
	speed     float64 // bytes per second between the last two looks
}

// New returns a ladder nothing has passed yet.
func New(config Config) *Ladder {
	return &Ladder{config: config, signals: map[string]*signal{}, passed: make([]time.Time, len(config.Rungs))}
}

// Decide takes a look: it says whether a capture is due, and expects that it is then made. A limit of 0 decides nothing.
func (l *Ladder) Decide(now time.Time, limit uint64, readings ...Reading) Decision {
	if limit == 0 {
		return Decision{}
	}
	if l.captured.IsZero() {
		l.captured = now
	}
	l.follow(now, limit, readings)
	for len(l.recent) > 0 && now.Sub(l.recent[0].at) >= time.Hour {
		l.recent = l.recent[1:]
	}
	decision := l.ratio(now, limit, readings)
	if decision.Reason == None || decision.Reason == Held {
		if p := l.peak(now, limit, readings); p.Reason != None {
			decision = p
		}
	}
	if decision.Reason == None && len(l.recent)+len(l.config.Rungs) < l.config.MaxPerHour-l.reserved() {
		decision = l.early(now, limit, readings)
	}
	switch decision.Reason {
	case Ratio, Forecast, Growth:
		l.recent = append(l.recent, captured{now, l.rungsBelow(decision.Value, limit) - 1})
		l.noteCapture(now, limit, readings)
	case None:
		if l.config.Standby {
			decision = l.standby(now, limit, readings)
		}
	}
	return decision
}

// reserved is what of the hour's captures only peaks may have: none where the bound holds two passes of the ladder at most.
func (l *Ladder) reserved() int {
	return min(maxPeaks, max(0, l.config.MaxPerHour-2*len(l.config.Rungs)))
}

// Captured notes a capture that was made for another reason: growth and peaks count from it.
func (l *Ladder) Captured(now time.Time, limit uint64, readings ...Reading) {
	if limit > 0 {
		l.noteCapture(now, limit, readings)
	}
}

func (l *Ladder) noteCapture(now time.Time, limit uint64, readings []Reading) {
	l.captured = now
	for _, r := range readings {
		s := l.signal(r, now)
		if l.noteNear(s, now, limit, r) {
			s.top = now
		}
		s.mark = r.Value
		share := float64(r.Value) / float64(limit)
		for len(s.peaks) > 0 && s.peaks[len(s.peaks)-1].share <= share {
			s.peaks = s.peaks[:len(s.peaks)-1]
		}
		s.peaks = append(s.peaks, peak{now, share})
	}
}

// Pace returns how long to wait until the next look: a quarter of the time in which the fastest signal is at the limit,
// between a hundredth of interval and interval. A slow process is looked at calmly, a ramp closely.
func (l *Ladder) Pace(interval time.Duration) time.Duration {
	return min(max(l.reach/4, interval/100), interval)
}

// follow updates each signal's speed and rungs.
func (l *Ladder) follow(now time.Time, limit uint64, readings []Reading) {
	l.reach = math.MaxInt64
	for _, r := range readings {
		s := l.signal(r, now)
		s.speed = 0
		if seconds := now.Sub(s.at).Seconds(); seconds > 0 {
			s.speed = (float64(r.Value) - float64(s.last)) / seconds
		}
		s.last, s.at = r.Value, now
		if reach, ok := s.reach(limit); ok {
			l.reach = min(l.reach, reach)
		}
		for s.rungs > 0 && float64(r.Value) < (l.config.Rungs[s.rungs-1]-rearm)*float64(limit) {
			s.rungs--
		}
		s.held = min(s.held, l.rungsBelow(r.Value, limit))
		if now.Sub(l.captured) >= time.Hour {
			// After a quiet hour the old peak no longer hides a new rise.
			s.mark = min(s.mark, r.Value)
		}
	}
}

// signal returns the state of a reading's signal, which starts with its first value.
func (l *Ladder) signal(r Reading, now time.Time) *signal {
	s := l.signals[r.Signal]
	if s == nil {
		s = &signal{mark: r.Value, last: r.Value, at: now}
		l.signals[r.Signal] = s
	}
	return s
}

// reach returns when a rising signal is at the limit.
func (s *signal) reach(limit uint64) (time.Duration, bool) {
	if s.speed <= 0 {
		return 0, false
	}
	seconds := max(0, (float64(limit)-float64(s.last))/s.speed)
	if seconds > math.MaxInt64/float64(time.Second)/2 {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// rungsBelow counts the rungs a value has reached.
func (l *Ladder) rungsBelow(value, limit uint64) int {
	n := 0
	for n < len(l.config.Rungs) && float64(value) >= l.config.Rungs[n]*float64(limit) {
		n++
	}
	return n
}

// ratio looks for the signal that has newly passed the highest rung.
func (l *Ladder) ratio(now time.Time, limit uint64, readings []Reading) Decision {
	var best Decision
	rungs := 0
	for _, r := range readings {
		n := l.rungsBelow(r.Value, limit)
		if n > l.signals[r.Signal].rungs && (n > rungs || n == rungs && r.Value > best.Value) {
			rungs = n
			best = Decision{Ratio, r, l.config.Rungs[n-1]}
		}
	}
	if best.Reason == None {
		return best
	}
	s := l.signals[best.Signal]
	// Another signal's capture at this height, or this one's before a short dip, is evidence enough.
	if at := l.passed[rungs-1]; !at.IsZero() && now.Sub(at) < l.cooldown(rungs-1) {
		s.rungs = rungs
		return Decision{}
	}
	if len(l.recent) >= l.config.MaxPerHour-l.reserved() {
		if s.held >= rungs {
			return Decision{}
		}
		s.held = rungs
		best.Reason = Held
		return best
	}
	s.rungs = rungs
	for i := range rungs {
		l.passed[i] = now
	}
	return best
}

// cooldown is the time until a rung is captured again: longer with each capture of it, or of one above, in the last hour.
func (l *Ladder) cooldown(rung int) time.Duration {
	cooldown := l.config.Cooldown
	first := true
	for _, c := range l.recent {
		if c.rung < rung {
			continue
		}
		if !first {
			cooldown *= dearer
		}
		if cooldown >= time.Hour {
			return max(time.Hour, l.config.Cooldown)
		}
		first = false
	}
	return cooldown
}

// peak looks for a signal that is at least half way from its highest capture of the last hour to the limit: what kills a
// process is always one, whatever the hour has seen.
func (l *Ladder) peak(now time.Time, limit uint64, readings []Reading) Decision {
	var best Decision
	if len(l.recent) >= l.config.MaxPerHour {
		return best
	}
	for _, r := range readings {
		s := l.signals[r.Signal]
		if !s.top.IsZero() && now.Sub(s.top) < peakPace {
			continue
		}
		for len(s.peaks) > 0 && now.Sub(s.peaks[0].at) >= time.Hour {
			s.peaks = s.peaks[1:]
		}
		highest := 0.0
		if len(s.peaks) > 0 {
			highest = s.peaks[0].share
		}
		rungs := l.rungsBelow(r.Value, limit)
		isPeak := 1-highest > nearest && float64(r.Value)/float64(limit) >= (1+highest)/2
		if rungs > 0 && isPeak && r.Value > best.Value {
			s.rungs = max(s.rungs, rungs)
			best = Decision{Ratio, r, l.config.Rungs[rungs-1]}
		}
	}
	return best
}

// early looks for a signal about to reach the limit, else for one that has grown.
func (l *Ladder) early(now time.Time, limit uint64, readings []Reading) Decision {
	// What was captured within the horizon says the same.
	recent := now.Sub(l.captured) < l.config.Horizon
	if !recent && (l.forecast.IsZero() || now.Sub(l.forecast) >= l.config.Cooldown) {
		for _, r := range readings {
			s := l.signals[r.Signal]
			reach, rising := s.reach(limit)
			if rising && reach <= l.config.Horizon && s.rungs < len(l.config.Rungs) {
				l.forecast = now
				return Decision{Reason: Forecast, Reading: r}
			}
		}
	}
	if now.Sub(l.captured) >= l.config.Cooldown {
		for _, r := range readings {
			if s := l.signals[r.Signal]; r.Value > s.mark && float64(r.Value-s.mark) >= l.config.Growth*float64(limit) {
				return Decision{Reason: Growth, Reading: r}
			}
		}
	}
	return Decision{}
}

// isNear reports whether a value is at least half way from the lowest rung to the limit.
func (l *Ladder) isNear(value, limit uint64) bool {
	return float64(value)/float64(limit) >= (1+l.config.Rungs[0])/2
}

// noteNear notes a capture or standby for a signal, if that is near the limit.
func (l *Ladder) noteNear(s *signal, now time.Time, limit uint64, r Reading) bool {
	if !l.isNear(r.Value, limit) {
		return false
	}
	s.near, s.nearRungs = now, l.rungsBelow(r.Value, limit)
	return true
}

// standby looks for a signal of which the process may die before a capture is due.
func (l *Ladder) standby(now time.Time, limit uint64, readings []Reading) Decision {
	var best Decision
	for _, r := range readings {
		s := l.signals[r.Signal]
		rungs, age := l.rungsBelow(r.Value, limit), now.Sub(s.near)
		higher := rungs > s.nearRungs && age >= l.config.Horizon
		if !l.isNear(r.Value, limit) || !s.near.IsZero() && age < standbyPace && !higher {
			continue
		}
		reach, rising := s.reach(limit)
		if (rungs == len(l.config.Rungs) || rising && reach <= standbyHorizon) && r.Value > best.Value {
			best = Decision{Standby, r, l.config.Rungs[rungs-1]}
		}
	}
	if best.Reason == Standby {
		for _, r := range readings {
			l.noteNear(l.signals[r.Signal], now, limit, r)
		}
	}
	return best
}
