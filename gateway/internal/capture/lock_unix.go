//go:build unix

package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockSpool takes a folder for this process, until the file is closed or the process ends: two would upload each other's files, and give
// up what the other one waits to write.
func lockSpool(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("captures.spool: expected a folder that can be written: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "gateway.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("captures.spool: expected a folder that can be written: %w", err)
	}
	switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		owner, _ := io.ReadAll(io.LimitReader(file, 100))
		file.Close()
		return nil, fmt.Errorf("captures.spool: %s is in use by another gateway (process %s): give this one a folder of its own by -spool",
			folder, strings.TrimSpace(string(owner)))
	case err != nil: // A file system without locks. One gateway is what there mostly is.
		return file, nil
	}
	file.Truncate(0)
	_, err = file.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return file, err
}
