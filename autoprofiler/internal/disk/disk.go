// Package disk writes files that are there whole or not at all, in a folder they cannot leave.
package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Partial ends the name of a file that is being written.
const Partial = ".partial"

// Dir is a folder. Names are relative to it, with slashes. Use Open.
type Dir struct {
	root *os.Root
	perm fs.FileMode
}

// Open opens a folder and makes it where it is missing. Files get the permission perm, less what umask takes away, and
// folders may be entered by those who may read them.
func Open(dir string, perm fs.FileMode) (*Dir, error) {
	if err := os.MkdirAll(dir, forFolders(perm)); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{root, perm}, nil
}

func forFolders(perm fs.FileMode) fs.FileMode { return perm | perm>>2&0o111 }

// FS returns the folder for reading.
func (d *Dir) FS() fs.FS { return d.root.FS() }

// Close releases the folder. Files that are open stay so.
func (d *Dir) Close() error { return d.root.Close() }

// Writer writes one file: Commit makes it appear, Discard forgets it.
type Writer struct {
	*os.File
	dir  *Dir
	name string
}

// Create starts a file, in folders that are made as needed.
func (d *Dir) Create(name string) (*Writer, error) {
	if err := d.root.MkdirAll(path.Dir(name), forFolders(d.perm)); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name+Partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, d.perm)
	if err != nil {
		return nil, err
	}
	return &Writer{f, d, name}, nil
}

// Commit closes the file and gives it its name.
func (w *Writer) Commit() error {
	if err := w.File.Close(); err != nil {
		w.dir.Remove(w.name + Partial)
		return err
	}
	return w.dir.root.Rename(w.name+Partial, w.name)
}

// Discard closes the file and removes it.
func (w *Writer) Discard() {
	w.File.Close()
	w.dir.Remove(w.name + Partial)
}

// Open opens a file for reading.
func (d *Dir) Open(name string) (io.ReadSeekCloser, error) { return d.root.Open(name) }

// Remove removes a file, and the folders above it that this leaves empty. That another process was faster is no error.
func (d *Dir) Remove(name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove: %w", err)
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if d.root.Remove(dir) != nil {
			break // not empty, or gone
		}
	}
	return nil
}

// Check returns an error unless files can be written. It writes one under a name that no other file has.
func (d *Dir) Check() error {
	w, err := d.Create("autoprofiler-check-" + rand.Text())
	if err != nil {
		return err
	}
	w.Discard()
	return nil
}
