package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/spool"
)

// uploadTimeout is how long the bucket may take for one file.
const uploadTimeout = 5 * time.Minute

// Upload takes files from the spool to the bucket, one at a time, until the context ends.
func (c *Capturer) Upload(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		c.spool.Expire(time.Now())
		c.metrics.SpoolBytes.Set(float64(c.spool.Bytes()))
		file, ok := c.spool.Next()
		if !ok {
			select {
			case <-c.spool.Added():
			case <-ctx.Done():
			}
			continue
		}
		if err := c.put(ctx, file); err != nil {
			if ctx.Err() != nil {
				return
			}
			failures++
			c.metrics.Uploads.WithLabelValues("failed").Inc()
			if failures == 1 {
				c.logger.Error("gateway: the bucket takes no captures; they wait in captures.spool", "file", file.Key, "error", err)
			}
			c.spool.Failed(file)
			c.pause(ctx, failures)
			continue
		}
		if failures > 0 {
			c.logger.Info("gateway: the bucket takes captures again", "failures", failures)
			failures = 0
		}
	}
}

// put stores one file and removes it from the spool.
func (c *Capturer) put(ctx context.Context, file spool.File) error {
	body, err := c.spool.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return c.spool.Done(file) // It was given up meanwhile.
	}
	if err != nil {
		return fmt.Errorf("the spool cannot be read: %w", err)
	}
	defer body.Close()
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	if err := c.store.Put(ctx, file.Key, body); err != nil {
		return err
	}
	c.metrics.Uploads.WithLabelValues("stored").Inc()
	if e, isKnown := c.events.uploaded(file.Key, StateStored, ""); isKnown && (e.State == StateStored || e.State == StatePartial) {
		c.logger.Info("gateway: a capture is in the bucket", "event", e.ID, "state", e.State, "files", e.Folder)
	}
	if err := c.spool.Done(file); err != nil { // The bucket has it: it is no failure of the upload.
		c.logger.Warn("gateway: a file stays in captures.spool", "error", err)
	}
	return nil
}

// pause waits before the next try, but not while a new file has not had its first.
func (c *Capturer) pause(ctx context.Context, failures int) {
	timer := time.NewTimer(spool.Pause(failures, spool.LastPause))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.spool.Added():
	case <-ctx.Done():
	}
}

// Drain waits until the spool is empty or the context ends. It returns how many files are left, which the next process uploads.
func (c *Capturer) Drain(ctx context.Context) int {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		if n := c.spool.Len(); n == 0 {
			return 0
		}
		select {
		case <-ctx.Done():
			return c.spool.Len()
		case <-ticker.C:
		}
	}
}

// dropped is told by the spool of a file that is lost.
func (c *Capturer) dropped(file spool.File, why error) {
	c.metrics.Uploads.WithLabelValues("lost").Inc()
	c.logger.Error("gateway: a file of a capture is lost before the bucket took it", "file", file.Key, "bytes", file.Size, "error", why)
	c.events.uploaded(file.Key, StateFailed, fmt.Sprintf("lost before the bucket took it: %v", why))
}
