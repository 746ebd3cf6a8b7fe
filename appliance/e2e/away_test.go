// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/lab"
	"jamibox/appliance/e2e/process"
)

// TestAway proves that people become contacts who are never there at the same
// time, in networks that cannot reach each other: the box alone keeps, in its DHT
// node, who they are, the request of the one, and the answer of the other.
func TestAway(t *testing.T) {
	w := newWorld(t, box.Options{Settings: []string{"JAMIBOX_DHT_ENGINE=builtin"}}, alice, bob)
	w.play(t, "contact", func(t *testing.T) {
		ctx := within(t, 5*time.Minute)
		require.NoError(t, w.lab.Separate(ctx))
		laptop, err := enrol(ctx, w.client(t, "laptop", w.lab.Left), box.PublicURL, alice)
		require.NoError(t, err)
		phone, err := enrol(ctx, w.client(t, "phone", w.lab.Right), box.PublicURL, bob)
		require.NoError(t, err)

		require.NoError(t, phone.Stop())
		require.NoError(t, laptop.AddContact(ctx, laptop.account, phone.uri))
		require.NoError(t, laptop.SendTrustRequest(ctx, laptop.account, phone.uri))
		require.NoError(t, laptop.logged(ctx, 0, "sending trust request to: "+phone.uri))
		w.awaitMail(t, ctx, laptop, phone, w.lab.Right)
		require.NoError(t, laptop.Stop())

		require.NoError(t, phone.Start(ctx))
		require.NoError(t, phone.settle(ctx))
		require.NoError(t, phone.WaitTrustRequest(ctx, phone.account, laptop.uri))
		mark, err := phone.Log().Mark()
		require.NoError(t, err)
		require.NoError(t, phone.AcceptTrustRequest(ctx, phone.account, laptop.uri))
		require.NoError(t, phone.logged(ctx, mark, "sending trust request reply: "+laptop.uri))
		w.awaitMail(t, ctx, phone, laptop, w.lab.Left)
		require.NoError(t, phone.Stop())

		require.NoError(t, laptop.Start(ctx))
		require.NoError(t, laptop.settle(ctx))
		require.NoError(t, laptop.Poll(ctx, "the request was accepted", func(ctx context.Context) (bool, error) {
			contact, err := laptop.Contact(ctx, laptop.account, phone.uri)
			return contact["confirmed"] == "true", err
		}))
	})
}

// awaitMail waits until the box holds something that a device sent to another,
// which is away: a node that comes afresh in the network of that one, from where
// it reaches nobody else, finds it, and leaves again. It asks for the number of
// the value only, since it drops whatever it cannot decrypt.
func (w *world) awaitMail(t *testing.T, ctx context.Context, from, to *device, n *lab.Namespace) {
	t.Helper()
	certificate, err := to.DeviceCertificate(to.account)
	require.NoError(t, err)
	id := sha1.Sum(certificate.RawSubjectPublicKeyInfo)
	inbox := sha1.Sum([]byte("inbox:" + hex.EncodeToString(id[:])))

	output := process.Log(filepath.Join(folder(t), "dhtnode.log"))
	file, err := os.Create(string(output))
	require.NoError(t, err)
	defer file.Close()
	node := n.Command(ctx, "dhtnode", "-b", lab.ServerAddr+":4222")
	node.Stdout = file
	console, err := node.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, node.Start())
	defer func() {
		require.NoError(t, node.Process.Kill())
		_ = node.Wait() // tells that it was killed
	}()
	require.NoError(t, from.Poll(ctx, "there is mail for "+to.Name(), func(context.Context) (bool, error) {
		found, err := output.Lines(0, "Query: found")
		if err != nil || len(found) > 0 {
			return len(found) > 0, err
		}
		// It is asked whether it answered or not: its prompt gets into its answers.
		_, err = fmt.Fprintf(console, "q %x SELECT id\n", inbox)
		return false, err
	}))
}
