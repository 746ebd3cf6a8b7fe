// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package datadir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

func mkdirPrivate(path string) error { return os.Mkdir(path, 0o700) }

// keepPrivate takes the rights of other users away if the folder is ours, and
// says so; otherwise it returns an error.
func keepPrivate(path string) (warning string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	mode := info.Mode().Perm()
	if mode&0o077 == 0 {
		return "", nil
	}
	open := fmt.Sprintf("%s is open to other users (mode %04o)", path, mode)
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() {
		return "", fmt.Errorf("%s and belongs to user %d; run as that user, or make it private with chmod 700", open, owner)
	}
	// A slip such as --data-dir /tmp must not lock everybody out of it.
	ours, err := emptyOrLocked(path)
	if err != nil {
		return "", err
	}
	if !ours {
		return "", fmt.Errorf("%s and holds files of others; choose another folder, or make it private with chmod 700", open)
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return "", err
	}
	return open + "; it was made private", nil
}

// emptyOrLocked reports whether the folder is empty or was a data folder before.
func emptyOrLocked(path string) (bool, error) {
	if _, err := os.Lstat(filepath.Join(path, lockName)); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	dir, err := os.Open(path)
	if err != nil {
		return false, err
	}
	_, err = dir.Readdirnames(1)
	empty := errors.Is(err, io.EOF)
	if empty {
		err = nil
	}
	return empty, errors.Join(err, dir.Close())
}

// tryLock uses flock(2): the kernel gives it back when the process ends, even by
// kill -9, and children do not inherit it because Go opens files close-on-exec.
func tryLock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errHeld
	}
	return err
}
