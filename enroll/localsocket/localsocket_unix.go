// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package localsocket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
)

// maxPath is what fits into a socket address on every platform.
const maxPath = 100

// Listen opens the socket at a path, for the owner alone. One that lies there is
// taken for the left-over of a killed run: the caller must hold the lock of the
// folder. Closing the listener removes it.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("the path of the local socket %s is longer than %d bytes; choose a data folder with a shorter path", path, maxPath)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing the old local socket: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the local socket %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protecting the local socket: %w", err), l.Close())
	}
	return l, nil
}

// Dial connects to who listens at a path. The error is fs.ErrNotExist or
// ECONNREFUSED if nobody does, fs.ErrPermission if that is not for the caller.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}
