// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// TestPython has peers of python3-opendht, each a process of its own, use a node
// that keeps its values: of this system, and of the Windows program.
func TestPython(t *testing.T) {
	t.Parallel()
	for _, target := range []struct {
		name string
		new  func(t *testing.T) keeper
	}{{"builtin", newBuiltinKeeper}, {"exe", newExeKeeper}} {
		t.Run(target.name, func(t *testing.T) {
			t.Parallel()
			for name, play := range map[string]func(*testing.T, keeper){
				"values": shareWithPython, "certificates": publishFromPython, "restart": restartForPython,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					python(t)
					play(t, target.new(t))
				})
			}
		})
	}
}

// keeper is a node that keeps its values over a restart.
type keeper interface {
	// start runs the node until the test ends or stop is called.
	start()
	// stop ends it in good order.
	stop()
	addr() netip.AddrPort
	id() string
}

// shareWithPython has values come to a listener, to one who reads them, and to one
// who comes when their writers have gone.
func shareWithPython(t *testing.T, k keeper) {
	k.start()
	listener, leave := startPython(t, k, "listen", "key")
	require.Equal(t, "listening", next(t, listener))
	var writers []<-chan string
	var stops []func()
	for _, size := range []string{"10", "30000", "60000"} {
		writer, stop := startPython(t, k, "put", "key", size)
		writers, stops = append(writers, writer), append(stops, stop)
	}
	var want, pushed []string
	for _, writer := range writers {
		want = append(want, next(t, writer))
		require.Equal(t, "put", next(t, writer))
		pushed = append(pushed, next(t, listener))
	}
	require.ElementsMatch(t, want, pushed)
	for _, stop := range stops {
		stop()
	}
	leave()
	// Both wait for the peers that are gone.
	t.Run("python", func(t *testing.T) {
		t.Parallel()
		require.ElementsMatch(t, want, getByPython(t, k, "key"))
	})
	t.Run("node", func(t *testing.T) {
		t.Parallel()
		requireStored(t, k, "key", want)
	})
}

// publishFromPython has peers publish their certificates, with serial numbers of
// either sign.
func publishFromPython(t *testing.T, k keeper) {
	k.start()
	for _, sign := range []string{"positive", "negative"} {
		t.Run(sign, func(t *testing.T) {
			t.Parallel()
			writer, stop := startPython(t, k, "certificate", sign, sign)
			id := next(t, writer)
			require.Eventually(t, func() bool { return holds(t, k, id) == 1 }, patience, 100*time.Millisecond)
			stop()
			values := stored(t, k, id, 1)
			require.Len(t, values, 1)
			start := bytes.Index(values[0].Data, []byte("-----BEGIN"))
			require.GreaterOrEqual(t, start, 0)
			block, _ := pem.Decode(values[0].Data[start:])
			require.NotNil(t, block)
			certificate, err := x509.ParseCertificate(block.Bytes)
			require.NoError(t, err)
			require.Equal(t, sign == "negative", certificate.SerialNumber.Sign() < 0)
		})
	}
}

// restartForPython starts the node anew, twice, between who writes and who reads.
func restartForPython(t *testing.T, k keeper) {
	k.start()
	id := k.id()
	var want []string
	for _, size := range []string{"10", "60000"} {
		writer, stop := startPython(t, k, "put", "key", size)
		want = append(want, next(t, writer))
		require.Equal(t, "put", next(t, writer))
		stop()
		k.stop()
		k.start()
		require.Equal(t, id, k.id())
		require.ElementsMatch(t, want, getByPython(t, k, "key"))
	}
	requireStored(t, k, "key", want)
}

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

// startPython runs testdata/peer.py, joined to the node, until the test ends or
// stop is called, and returns the lines that it prints.
func startPython(t *testing.T, k keeper, arguments ...string) (lines <-chan string, stop func()) {
	port := strconv.Itoa(int(k.addr().Port()))
	program := exec.Command(python(t), append([]string{"testdata/peer.py", port}, arguments...)...)
	program.Env = environment()
	output, err := program.StdoutPipe()
	require.NoError(t, err)
	var complaints bytes.Buffer
	program.Stderr = &complaints
	require.NoError(t, program.Start())
	read := make(chan string, 64)
	go func() {
		defer close(read)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			read <- scanner.Text()
		}
	}()
	stop = sync.OnceFunc(func() {
		_ = program.Process.Kill() // or it has ended
		for range read {
		}
		_ = program.Wait() // tells that it was killed
		if t.Failed() {
			t.Logf("peer.py %v complained:\n%s", arguments, &complaints)
		}
	})
	t.Cleanup(stop)
	return read, stop
}

func next(t *testing.T, lines <-chan string) string {
	t.Helper()
	select {
	case line, ok := <-lines:
		require.True(t, ok, "peer has ended")
		return line
	case <-time.After(patience):
		require.FailNow(t, "peer said nothing")
		return ""
	}
}

// getByPython returns what a new peer finds under a key, each once.
func getByPython(t *testing.T, k keeper, key string) (found []string) {
	t.Helper()
	reader, stop := startPython(t, k, "get", key)
	defer stop()
	for line := next(t, reader); line != "end"; line = next(t, reader) {
		found = append(found, line)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// holds returns how many values the keeper itself has under a key; -1 if it does
// not answer.
func holds(t *testing.T, k keeper, key string) int {
	t.Helper()
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(k.addr()))
	require.NoError(t, err)
	defer conn.Close()
	// A client node: else it would be asked as well.
	h := wire.Header{Transaction: 1, Client: true}
	rand.Read(h.Sender[:])
	_, err = conn.Write(wire.AppendGet(nil, h, keyOf(key), &wire.Query{}))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Second)))
	for b := make([]byte, wire.MaxDatagram); ; {
		n, err := conn.Read(b)
		if err != nil {
			return -1
		}
		var m wire.Message
		require.NoError(t, m.Decode(b[:n]))
		if m.Kind == wire.KindReply && m.Transaction == h.Transaction {
			return m.Values.Len()
		}
	}
}

// stored returns what a new node finds under a key when all peers have gone, so
// that only the keeper can have it. It goes once it has that many values: the search
// would go on until it has given up the peers.
func stored(t *testing.T, k keeper, key string, many int) (values []wire.Value) {
	t.Helper()
	reader := startBox(t, nil, loopback(), 0, k.addr().String())
	defer reader.stop()
	require.Eventually(t, func() bool { return reader.good() >= 1 }, patience, 10*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var found [][]byte
	err := reader.GetEach(ctx, keyOf(key), func(packed []byte) {
		if found = append(found, bytes.Clone(packed)); len(found) == many {
			cancel()
		}
	})
	if len(found) < many {
		require.NoError(t, err)
	}
	for _, packed := range found {
		v, err := wire.ParseValue(packed)
		require.NoError(t, err)
		values = append(values, v)
	}
	return values
}

// requireStored checks it against what peer.py printed.
func requireStored(t *testing.T, k keeper, key string, want []string) {
	t.Helper()
	var have []string
	for _, v := range stored(t, k, key, len(want)) {
		sum := sha256.Sum256(v.Data)
		have = append(have, fmt.Sprintf("%d %s", len(v.Data), hex.EncodeToString(sum[:])))
	}
	require.ElementsMatch(t, want, have)
}
