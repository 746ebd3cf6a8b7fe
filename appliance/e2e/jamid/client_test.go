// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/appliance/e2e/jamid"
	"jamibox/appliance/e2e/lab"
)

// TestClient proves the driver without any server of ours: two clients with
// accounts of their own meet through the distribution's DHT node.
func TestClient(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	l, err := lab.New(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	startDHT(t, l)

	left, right := start(t, ctx, "left", l.Left), start(t, ctx, "right", l.Right)
	var leftID, rightID, leftURI, rightURI string
	var group errgroup.Group
	group.Go(func() (err error) { leftID, leftURI, err = register(ctx, left); return err })
	group.Go(func() (err error) { rightID, rightURI, err = register(ctx, right); return err })
	require.NoError(t, group.Wait())

	t.Run("enrol/nobody answers", func(t *testing.T) {
		mark := left.Mark()
		id, err := left.AddManagedAccount(ctx, "https://10.77.0.1:9", "alice", "secret", "nobody")
		require.NoError(t, err)
		_, err = left.WaitSignal(ctx, mark, "registrationStateChanged", func(args []any) bool {
			return args[0] == id && args[1] == jamid.GenericError
		})
		require.NoError(t, err)
		require.NoError(t, left.WaitGone(ctx, id))
		require.ErrorIs(t, left.WaitState(ctx, id, jamid.Registered), jamid.ErrAccountGone)
	})
	var conversation string
	t.Run("contact/request and answer", func(t *testing.T) {
		require.NoError(t, left.AddContact(ctx, leftID, rightURI))
		require.NoError(t, left.SendTrustRequest(ctx, leftID, rightURI))
		require.NoError(t, right.WaitTrustRequest(ctx, rightID, leftURI))
		require.NoError(t, right.AcceptTrustRequest(ctx, rightID, leftURI))
		contact, err := right.Contact(ctx, rightID, leftURI)
		require.NoError(t, err)
		conversation = contact["conversationId"]
		require.NotEmpty(t, conversation)
	})
	t.Run("restart/keeps the home", func(t *testing.T) {
		require.NoError(t, left.SendMessage(ctx, leftID, conversation, "from left"))
		require.NoError(t, left.WaitMessage(ctx, leftID, conversation, "from left"))
		require.NoError(t, left.Restart(ctx))
		require.NoError(t, left.WaitState(ctx, leftID, jamid.Registered))
		has, err := left.HasMessage(ctx, leftID, conversation, "from left")
		require.NoError(t, err)
		require.True(t, has)
	})
}

func start(t *testing.T, ctx context.Context, name string, n *lab.Namespace) *jamid.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "jamid-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	c, err := jamid.Start(ctx, jamid.Options{Name: name, Namespace: n, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			story, err := c.Story()
			t.Logf("%s said last: %v\n%s", name, err, strings.Join(story, "\n"))
		}
		require.NoError(t, c.Close())
	})
	return c
}

// register makes an account without a server that knows only the DHT of the
// lab, and returns its id in the client and its Jami ID.
func register(ctx context.Context, c *jamid.Client) (id, uri string, err error) {
	details, err := c.Template(ctx, "RING")
	if err != nil {
		return "", "", err
	}
	for key, value := range map[string]string{
		jamid.KeyHostname: lab.ServerAddr, "Account.upnpEnabled": "false", "TURN.enable": "false",
		"Account.proxyEnabled": "false", jamid.KeyNameServer: "http://" + lab.ServerAddr + ":9",
	} {
		details[key] = value
	}
	if id, err = c.AddAccount(ctx, details); err != nil {
		return "", "", err
	}
	if err = c.WaitState(ctx, id, jamid.Registered); err != nil {
		return "", "", err
	}
	if err = c.WaitDetail(ctx, id, jamid.KeyAnnounced, "true"); err != nil {
		return "", "", err
	}
	details, err = c.Details(ctx, id)
	return id, details[jamid.KeyUsername], err
}

func startDHT(t *testing.T, l *lab.Lab) {
	t.Helper()
	node := l.Server.Command(context.Background(), "dhtnode", "-s", "-p", "4222", "-v", "-l", filepath.Join(t.TempDir(), "dht.log"))
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		require.NoError(t, node.Process.Kill())
		require.Error(t, node.Wait())
	})
}
