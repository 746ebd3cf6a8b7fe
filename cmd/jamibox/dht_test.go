// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/admin"
)

func TestDHTStatus(t *testing.T) {
	t.Parallel()
	b := newBox(t, "JAMIBOX_DHT_ENABLED=true", "JAMIBOX_DHT_LISTEN=127.0.0.1:0")
	b.start(t)
	require.Eventually(t, func() bool { return b.run(t, "status").code == 0 }, 20*time.Second, 20*time.Millisecond)
	var s admin.DHTState
	b.runJSON(t, &s, "dht", "status")
	require.Equal(t, []string{"ready", "builtin"}, []string{s.State, s.Engine})
	require.Equal(t, []string{fmt.Sprintf("127.0.0.1:%d", s.Port)}, s.Node.Addresses)
	text := b.run(t, "dht", "status").stdout
	for _, word := range []string{s.NodeID, s.Node.Addresses[0], "REQUEST", "put", "user data", "0 good", "1 values under 1 keys", "none"} {
		require.Contains(t, text, word)
	}
	require.Equal(t, 2, b.run(t, "dht", "status", "more").code)
	code, _ := b.stop(t)
	require.Zero(t, code)
	requireFailure(t, b.run(t, "dht", "status"), 3, "not running")
}

func TestDHTStatusOfDhtnode(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	b := newBox(t, "JAMIBOX_DHT_ENABLED=true", "JAMIBOX_DHT_ENGINE=dhtnode", "JAMIBOX_DHT_LISTEN=:0")
	b.start(t)
	require.Eventually(t, func() bool { return b.run(t, "status").code == 0 }, 20*time.Second, 20*time.Millisecond)
	text := b.run(t, "dht", "status").stdout
	require.Regexp(t, `state +ready\nengine +dhtnode\nnode +[0-9a-f]{40}\nport +\d+/udp\n`, text)
	require.Contains(t, text, "not known")
	require.NotContains(t, text, "REQUEST")
}

func TestDHTStatusWithoutANode(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	require.Equal(t, "state  off\n", b.run(t, "dht", "status").stdout)
}
