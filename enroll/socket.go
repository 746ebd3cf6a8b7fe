// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
)

// maxSocketPath is what fits into a socket address on every platform.
const maxSocketPath = 100

// listenSocket opens the socket of the command line. Whoever reaches it is an
// administrator, so it is for the owner of the data folder alone. A socket
// that lies there is left from a killed run: the folder is locked by now.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the path of the local socket %s is longer than %d bytes; choose a data folder with a shorter path", path, maxSocketPath)
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
