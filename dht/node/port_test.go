// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// portsTried is shared by all tests of a run: what is sent to a node that is gone
// must not reach another test's node that got its port.
var portsTried atomic.Uint32

// freePort returns a port that is free on all addresses and was not returned
// before; not one of those that systems give to who asks for any.
func freePort(t testing.TB) uint16 {
	t.Helper()
	const first, choice, tries = 10000, 10000, 100
	var errs error
	for range tries {
		// Two runs at once begin at different places.
		port := first + (os.Getpid()*211+int(portsTried.Add(1)))%choice
		probe, err := net.ListenUDP("udp", &net.UDPAddr{Port: port})
		if err == nil {
			require.NoError(t, probe.Close())
			return uint16(port)
		}
		errs = errors.Join(errs, err)
	}
	require.NoError(t, errs)
	return 0
}
