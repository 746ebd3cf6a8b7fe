// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// python returns an interpreter that has OpenDHT.
func python(t *testing.T) string {
	for _, program := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(program, "-c", "import opendht, os; os._exit(0)").Run() == nil {
			return program
		}
	}
	t.Skip("opendht for python is not installed (Debian package python3-opendht)")
	return ""
}

// startPython runs testdata/peer.py, joined to a node, until the test ends or
// stop is called, and returns the lines that it prints.
func startPython(t *testing.T, node netip.AddrPort, arguments ...string) (lines <-chan string, stop func()) {
	port := strconv.Itoa(int(node.Port()))
	program := exec.Command(python(t), append([]string{"testdata/peer.py", port}, arguments...)...)
	output, err := program.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	read := make(chan string, 64)
	go func() {
		defer close(read)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			read <- scanner.Text()
		}
	}()
	stop = func() {
		program.Process.Kill()
		for range read {
		}
		program.Wait() // tells that it was killed
	}
	t.Cleanup(stop)
	return read, stop
}

func next(t *testing.T, lines <-chan string) string {
	t.Helper()
	select {
	case line, ok := <-lines:
		require.True(t, ok, "peer has ended")
		return line
	case <-time.After(2 * patience):
		require.FailNow(t, "peer said nothing")
		return ""
	}
}

// summary is what peer.py prints of a value.
func summary(t *testing.T, packed []byte) string {
	v, err := wire.ParseValue(packed)
	require.NoError(t, err)
	sum := sha256.Sum256(v.Data)
	return fmt.Sprintf("%d %s", len(v.Data), hex.EncodeToString(sum[:]))
}

// TestPythonPeers has peers of python3-opendht share values through our node,
// each in a process of its own, the writer gone when the next one reads.
func TestPythonPeers(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	listener, _ := startPython(t, n.v4, "listen", "key")
	require.Equal(t, "listening", next(t, listener))
	var want []string
	for _, size := range []string{"10", "30000", "50000"} {
		writer, stop := startPython(t, n.v4, "put", "key", size)
		written := next(t, writer)
		require.Equal(t, "put", next(t, writer))
		stop()
		require.Equal(t, written, next(t, listener), "pushed")
		want = append(want, written)
	}
	var stored []string
	for _, packed := range newPeer(t, n.v4, client).get(wire.HashOf([]byte("key"))) {
		stored = append(stored, summary(t, packed))
	}
	require.ElementsMatch(t, want, stored)
	reader, _ := startPython(t, n.v4, "get", "key")
	var read []string
	for line := next(t, reader); line != "end"; line = next(t, reader) {
		read = append(read, line)
	}
	slices.Sort(read)
	slices.Sort(want)
	require.Equal(t, want, slices.Compact(read))
}

// TestPythonCertificates has peers publish their certificates. Half of these
// have negative serial numbers.
func TestPythonCertificates(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	reader := newPeer(t, n.v4, client)
	const peers = 4
	var said [peers]<-chan string
	for i := range said {
		said[i], _ = startPython(t, n.v4, "certificate", "peer "+strconv.Itoa(i))
	}
	for _, lines := range said {
		id, err := hex.DecodeString(next(t, lines))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return len(reader.get(wire.ID(id))) == 1 }, patience, 10*time.Millisecond)
	}
	var stored int
	for _, kind := range n.Stats().Storage.Types {
		if kind.Name == "certificate" {
			stored = kind.Values
		}
	}
	require.Equal(t, peers, stored)
}
