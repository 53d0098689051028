//go:build !unix

package capture

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockSpool only makes the folder: this system's locks are others.
func lockSpool(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("captures.spool: expected a folder that can be written: %w", err)
	}
	return os.OpenFile(filepath.Join(folder, "gateway.lock"), os.O_RDWR|os.O_CREATE, 0o600)
}
