// SPDX-License-Identifier: GPL-3.0-or-later

package localsocket

import (
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// path is one that fits into a socket address.
func path(t *testing.T) string {
	dir, err := os.MkdirTemp("", "box")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "jamibox.sock")
}

func TestMeet(t *testing.T) {
	at := path(t)
	for _, name := range []string{"first", "after a clean end"} {
		t.Run(name, func(t *testing.T) {
			_, err := Dial(t.Context(), at)
			require.ErrorIs(t, err, fs.ErrNotExist)
			meet(t, at)
			require.NoFileExists(t, at)
		})
	}
}

func TestLeftOver(t *testing.T) {
	at := path(t)
	require.NoError(t, os.WriteFile(at, []byte("of a killed run"), 0o600))
	meet(t, at)
}

// meet listens, and has a client say something and be answered.
func meet(t *testing.T, at string) {
	l, err := Listen(t.Context(), at)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- echo(l.Accept) }()
	conn, err := Dial(t.Context(), at)
	require.NoError(t, err)
	_, err = io.WriteString(conn, "hello")
	require.NoError(t, err)
	answer := make([]byte, 5)
	_, err = io.ReadFull(conn, answer)
	require.NoError(t, err)
	require.Equal(t, "hello", string(answer))
	require.NoError(t, <-served)
	require.NoError(t, conn.Close())
	require.NoError(t, l.Close())
}

// echo sends back five bytes of the first connection.
func echo(accept func() (net.Conn, error)) error {
	conn, err := accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.CopyN(conn, conn, 5)
	return err
}
