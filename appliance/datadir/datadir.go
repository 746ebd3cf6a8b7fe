// SPDX-License-Identifier: GPL-3.0-or-later

package datadir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrLocked says that another process holds the folder.
var ErrLocked = errors.New("data folder in use")

// errHeld is what tryLock returns if another process holds the lock.
var errHeld = errors.New("lock is held")

const lockName = "lock"

// Dir is an open data folder. It is safe for concurrent use, but for Close.
type Dir struct {
	path    string
	warning string
	lock    *os.File
}

// Open makes the folder if it is absent, with its parents, checks that no other
// user can look into it, and takes its lock, which lasts until Close or the end
// of the process, however it ends. The error is ErrLocked if another process
// holds it. A relative path is resolved at once.
func Open(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening data folder: %w", err)
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("creating data folder: %w", err)
	}
	warning, err := keepPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("opening data folder: %w", err)
	}
	lock, err := lockFolder(path)
	if err != nil {
		return nil, err
	}
	return &Dir{path: path, warning: warning, lock: lock}, nil
}

// Path returns the absolute path of a file of that name in the folder, or of the
// folder itself for an empty name.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Warning returns what an admin should know about the folder although it could
// be opened, or an empty string.
func (d *Dir) Warning() string { return d.warning }

// Close gives the lock back. The folder must not be used afterwards.
func (d *Dir) Close() error {
	if err := d.lock.Close(); err != nil {
		return fmt.Errorf("unlocking data folder: %w", err)
	}
	return nil
}

// create makes the folder private from its first moment. Its parents are not
// ours alone, and get the usual mode.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := mkdirPrivate(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", path)
	}
	return nil
}

// lockFolder locks the lock file and writes our process number into it. The file
// is never removed: another process may have it open to wait for the lock.
func lockFolder(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking data folder: %w", err)
	}
	if err := tryLock(f); errors.Is(err, errHeld) {
		err = fmt.Errorf("%w: another jamibox%s uses %s; stop it first or choose another folder with --data-dir",
			ErrLocked, holder(f), path)
		return nil, errors.Join(err, f.Close())
	} else if err != nil {
		return nil, errors.Join(fmt.Errorf("locking data folder: %s: %w", f.Name(), err), f.Close())
	}
	if err := writePID(f); err != nil {
		return nil, errors.Join(fmt.Errorf("locking data folder: %w", err), f.Close())
	}
	return f, nil
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder names the process that holds the lock, if it wrote its number already.
func holder(f *os.File) string {
	content, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return ""
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}
