// SPDX-License-Identifier: GPL-3.0-or-later

package peer

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPolicyAdmit(t *testing.T) {
	policy := testPolicy(t, Rules{})
	probe, beside := netip.MustParseAddrPort("192.168.7.2:50001"), netip.MustParseAddrPort("192.168.7.2:50002")
	require.False(t, policy.AllowsTCP(probe))
	withdraw := policy.Admit(netip.MustParseAddrPort("[::ffff:192.168.7.2]:50001"))
	policy.SetOwn(testOwn())
	require.True(t, policy.AllowsTCP(probe))
	require.False(t, policy.AllowsTCP(beside))
	require.False(t, policy.AllowsUDP(netip.MustParseAddrPort("192.168.7.2:443")))
	withdraw()
	withdraw()
	require.False(t, policy.AllowsTCP(probe))
}

func TestPolicyAdmitConcurrent(t *testing.T) {
	policy := testPolicy(t, Rules{})
	var wg sync.WaitGroup
	for i := range 8 {
		peer := netip.MustParseAddrPort(fmt.Sprintf("192.168.7.2:%d", 50000+i))
		wg.Go(func() {
			for range 100 {
				withdraw := policy.Admit(peer)
				if !policy.AllowsTCP(peer) {
					t.Error("not admitted")
				}
				withdraw()
				if policy.AllowsTCP(peer) {
					t.Error("not withdrawn")
				}
			}
		})
	}
	wg.Wait()
}
