// SPDX-License-Identifier: GPL-3.0-or-later

package localsocket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/Microsoft/go-winio"
)

const (
	// pipes is where all programs' named pipes are. A name that cannot be guessed
	// keeps others from taking it first.
	pipes = `\\.\pipe\jamibox-`
	// private lets in the system, the administrators and the owner.
	private = "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)"
)

// listener removes the file with the pipe's name when it is closed.
type listener struct {
	net.Listener
	path string
}

// Listen opens a named pipe for the system, the administrators and the owner, and
// writes its name to the file at a path, which must lie in a folder for these
// alone. A file that lies there is replaced. Closing the listener removes it.
func Listen(_ context.Context, path string) (net.Listener, error) {
	name := pipes + rand.Text()
	l, err := winio.ListenPipe(name, &winio.PipeConfig{SecurityDescriptor: private})
	if err != nil {
		return nil, fmt.Errorf("opening the local socket %s: %w", name, err)
	}
	if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the name of the local socket: %w", err), l.Close())
	}
	return &listener{l, path}, nil
}

// Close removes the file first, so that nobody reads the name of a closed pipe.
func (l *listener) Close() error {
	err := os.Remove(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.Listener.Close())
}

// Dial connects to who listens at a path. The error is fs.ErrNotExist if nobody
// does, fs.ErrPermission if that is not for the caller.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	name, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return winio.DialPipeContext(ctx, string(name))
}
