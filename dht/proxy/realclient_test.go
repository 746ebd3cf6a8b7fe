// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// trusting makes the real client trust the proxy.
func (r *running) trusting() []string {
	return []string{"SSL_CERT_FILE=" + r.rootFile, "CA_ROOT_FILE=" + r.rootFile}
}

// TestRealClient has a real client without a node of its own and a real node share
// values.
func TestRealClient(t *testing.T) {
	r := run(t, testLimits())
	phone := startDhtnode(t, r.trusting(), "-v", "-p", "0", "--proxyclient", r.url)
	desktop := startDhtnode(t, nil, "-p", "0", "-b", r.udp.String())
	phone.awaitFrom(0, "IPv4: connected")
	require.Eventually(t, func() bool { return r.node.Stats().IPv4.Good > 0 }, patience, 10*time.Millisecond)

	phone.enter("l "+key, "Listening")
	require.Eventually(t, func() bool { return r.Stats().Listeners == 1 }, patience, 10*time.Millisecond)
	seen := len(phone.output.String())
	desktop.enter("p "+key+" from-desktop", "Put: success")
	phone.awaitFrom(seen, `"from-desktop"`)
	phone.enter("p "+key+" from-phone", "Put: success")
	desktop.enter("g "+key, `"from-phone"`)
	phone.enter("g "+key, "Get: found 2 value(s)")
	phone.enter("pp "+key+" for-good", "Put: success")
	require.Equal(t, 1, r.Stats().Permanent)
}

// TestRealSubscriber has a real client that would like push notifications hear of
// values all the same.
func TestRealSubscriber(t *testing.T) {
	r := run(t, testLimits())
	phone := startDhtnode(t, r.trusting(), "-v", "-p", "0", "--proxyclient", r.url, "--devicekey", "a-secret")
	phone.awaitFrom(0, "IPv4: connected")
	phone.enter("l "+key, "Listening")
	require.Eventually(t, func() bool { return r.Stats().Subscriptions == 1 }, patience, 10*time.Millisecond)
	seen := len(phone.output.String())
	r.put(t, plain(1, "one"))
	phone.awaitFrom(seen, "found 1 values")
	require.NotContains(t, r.logs.String(), "a-secret")
}

// TestRealClientComesBack has the proxy go and come: the client listens and keeps
// its values alive again by itself.
func TestRealClientComesBack(t *testing.T) {
	if !*slow {
		t.Skip("the client waits a minute before it asks again; see -slow")
	}
	r := run(t, testLimits())
	phone := startDhtnode(t, r.trusting(), "-v", "-p", "0", "--proxyclient", r.url)
	phone.awaitFrom(0, "IPv4: connected")
	phone.enter("l "+key, "Listening")
	require.Eventually(t, func() bool { return r.Stats().Listeners == 1 }, patience, 10*time.Millisecond)
	addr := r.Addr().String()
	require.NoError(t, r.stop())
	phone.awaitFrom(0, "IPv4: disconnected")
	r.cfg.Listen = addr
	start(t, r.Server.Run)
	require.Eventually(t, func() bool { return r.Stats().Listeners == 1 }, 2*time.Minute, time.Second)
	seen := len(phone.output.String())
	r.put(t, plain(1, "one"))
	phone.awaitFrom(seen, "found 1 values")
}
