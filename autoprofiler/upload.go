package autoprofiler

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/spool"
)

// upload takes files from the spool to the target, one at a time, until the context ends, or until nothing is left after
// a stop.
func (p *Profiler) upload(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		p.spool.Expire(time.Now())
		p.observer.Spooled(p.spool.Bytes())
		file, ok := p.spool.Next()
		if !ok {
			if !p.awaitFile(ctx) {
				return
			}
			continue
		}
		if err := p.guard(StageUpload, func() error { return p.put(ctx, file) }); err != nil {
			p.spool.Failed(file)
			failures++
			p.pause(ctx, failures)
			continue
		}
		if failures > 0 {
			p.config.Logger.Info("autoprofiler: the target takes captures again", "failures", failures)
			failures = 0
		}
	}
}

// put uploads one file and removes it from the spool.
func (p *Profiler) put(ctx context.Context, file spool.File) error {
	body, err := p.spool.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		// It was given up meanwhile, or another process with the same folder has uploaded it.
		return p.spool.Done(file)
	}
	if err != nil {
		return fmt.Errorf("the spool cannot be read, which is tried again: %w (%s)", err, file.Key)
	}
	defer body.Close()
	ctx, cancel := context.WithTimeout(ctx, p.config.UploadTimeout)
	defer cancel()
	defer p.sayIfLate(file).Stop()
	if err := p.config.Target.Put(ctx, file.Key, body, file.Size); err != nil {
		return fmt.Errorf("%w (%s)", err, file.Key)
	}
	// The target has it: that it cannot be removed here is no failure of the upload.
	p.guard(StageSpool, func() error { return p.spool.Done(file) })
	return nil
}

// sayIfLate counts and logs a Put that ignores the end of its context, if it is not stopped before. Nothing takes its place:
// each would hang in its turn, with a goroutine and a file held for good.
func (p *Profiler) sayIfLate(file spool.File) *time.Timer {
	timeout := p.config.UploadTimeout
	return time.AfterFunc(max(2*timeout, timeout), func() { // max: for one so long that twice it overflows
		p.fail(StageUpload, fmt.Errorf("the target has not returned %v after the upload's context ended: "+
			"expected Put to end with it, no other file is uploaded until it does; look for a mount or a server that hangs (%s)",
			timeout, file.Key))
	})
}

// awaitFile waits for a file. It reports false when none will come.
func (p *Profiler) awaitFile(ctx context.Context) bool {
	select {
	case <-p.spool.Added():
		return true
	case <-ctx.Done():
		return false
	case <-p.drain:
		return p.spool.Len() > 0
	}
}

// pause waits before the next try, but not while a new file has not had its first: the process may be dying. A stop ends
// it, and after one it is short: the target may be back, and there are seconds left.
func (p *Profiler) pause(ctx context.Context, failures int) {
	longest, drain := spool.LastPause, p.drain
	select {
	case <-drain:
		longest, drain = spool.FirstPause, nil
	default:
	}
	timer := time.NewTimer(spool.Pause(failures, longest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.spool.Added():
	case <-drain:
	case <-ctx.Done():
	}
}

// spoolTrouble is told by the spool that Config.SpoolDir does not take files, or with nil that it does again.
func (p *Profiler) spoolTrouble(err error) {
	if err == nil {
		p.config.Logger.Info("autoprofiler: Config.SpoolDir takes captures again")
		return
	}
	p.fail(StageSpool, fmt.Errorf("Config.SpoolDir takes no files: expected a folder that can be written; until it can, captures wait in memory "+
		"and are lost with the process: %w", err))
}

// dropped is told by the spool of a file that is lost.
func (p *Profiler) dropped(file spool.File, why error) {
	p.fail(StageSpool, fmt.Errorf("%w: %s, %d bytes, is lost", why, file.Key, file.Size))
}
