// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/jamid"
	"jamibox/appliance/e2e/lab"
	"jamibox/appliance/e2e/sound"
)

// The people of the tests.
var (
	alice = box.User{Name: "alice", Password: "alice's secret", FirstName: "Alice", LastName: "Example"}
	bob   = box.User{Name: "bob", Password: "bob's secret", FirstName: "Bob", LastName: "Tester"}
	carol = box.User{Name: "carol", Password: "carol's secret", FirstName: "Carol", LastName: "Example"}
	dave  = box.User{Name: "dave", Password: "dave's secret", FirstName: "Dave", LastName: "Disabled"}
)

// world is a lab with one server and its clients.
type world struct {
	lab     *lab.Lab
	box     *box.Box
	clients []*jamid.Client
}

// device is one enrolled account in one client.
type device struct {
	*jamid.Client
	account string // its id in the client
	id      string // long device id
	uri     string // Jami ID
}

// newWorld builds the program and runs a server with these users.
func newWorld(t testing.TB, opts box.Options, users ...box.User) *world {
	t.Helper()
	for _, program := range []string{jamid.Daemon, "dbus-daemon", "dhtnode", "ip", "nft", sound.Server, sound.Recorder} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("this test needs the packages jami-daemon, dbus, dhtnode, iproute2, nftables and pulseaudio: %v", err)
		}
	}
	if os.Geteuid() != 0 {
		t.Fatal("this test needs root for its network namespaces")
	}
	ctx := within(t, 10*time.Minute)
	binary, err := box.Build(ctx, folder(t))
	require.NoError(t, err)
	l, err := lab.New(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	dir := folder(t)
	opts.Binary, opts.Namespace, opts.Dir = binary, l.Server, dir
	b, err := box.New(ctx, opts)
	require.NoError(t, err)
	w := &world{lab: l, box: b}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			w.explain(t)
			t.Error(err)
		}
	})
	for _, u := range users {
		require.NoError(t, b.AddUser(ctx, u))
	}
	return w
}

// play runs one scenario and reports whether it passed. If it fails, the ends of
// the logs are shown before anything else happens.
func (w *world) play(t *testing.T, name string, scenario func(*testing.T)) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		defer func() {
			if t.Failed() {
				w.explain(t)
			}
		}()
		scenario(t)
	})
}

// explain shows what the clients and the server said last.
func (w *world) explain(t testing.TB) {
	t.Helper()
	for _, c := range w.clients {
		story, err := c.Story()
		t.Logf("%s said last: %v\n%s", c.Name(), err, strings.Join(story, "\n"))
	}
	story, err := w.box.Story()
	t.Logf("the server said last: %v\n%s", err, strings.Join(story, "\n"))
}

// client starts a client without accounts, which lives as long as the test.
func (w *world) client(t testing.TB, name string, n *lab.Namespace) *jamid.Client {
	t.Helper()
	return w.loudClient(t, name, n, "")
}

// loudClient is client with the address of a sound card.
func (w *world) loudClient(t testing.TB, name string, n *lab.Namespace, card string) *jamid.Client {
	t.Helper()
	c, err := jamid.Start(within(t, time.Minute), jamid.Options{
		Name: name, Namespace: n, Dir: folder(t), RootFile: w.box.RootFile(), Sound: card,
	})
	require.NoError(t, err)
	w.clients = append(w.clients, c)
	t.Cleanup(func() {
		w.clients = slices.DeleteFunc(w.clients, func(other *jamid.Client) bool { return other == c })
		require.NoError(t, c.Close())
	})
	return c
}

// enrol adds an account for a user and waits until it is registered and its
// device is announced on the DHT. The 2023 client crashes once in a thousand times
// as an account starts; then it is tried once more, as a new device.
func enrol(ctx context.Context, c *jamid.Client, url string, u box.User) (*device, error) {
	d, err := enrolOnce(ctx, c, url, u)
	if errors.Is(err, jamid.ErrEnded) {
		fmt.Fprintf(os.Stderr, "%v; it begins anew\n", err)
		if err = c.Renew(ctx); err == nil {
			d, err = enrolOnce(ctx, c, url, u)
		}
	}
	return d, err
}

func enrolOnce(ctx context.Context, c *jamid.Client, url string, u box.User) (*device, error) {
	account, err := c.AddManagedAccount(ctx, url, u.Name, u.Password, c.Name())
	if err != nil {
		return nil, err
	}
	d := &device{Client: c, account: account}
	return d, d.settle(ctx)
}

// settle waits until the device is registered and announced, and reads who it
// is.
func (d *device) settle(ctx context.Context) error {
	if err := d.WaitState(ctx, d.account, jamid.Registered); err != nil {
		return err
	}
	if err := d.WaitDetail(ctx, d.account, jamid.KeyAnnounced, "true"); err != nil {
		return err
	}
	details, err := d.Details(ctx, d.account)
	if err != nil {
		return err
	}
	d.uri = details[jamid.KeyUsername]
	volatile, err := d.VolatileDetails(ctx, d.account)
	if err != nil {
		return err
	}
	d.id = volatile[jamid.KeyDeviceID]
	return nil
}

// together runs the same deed on several devices at a time.
func together(t *testing.T, deed func(*device) error, devices ...*device) {
	t.Helper()
	var group errgroup.Group
	for _, d := range devices {
		group.Go(func() error { return deed(d) })
	}
	require.NoError(t, group.Wait())
}

// within is a context that ends with the test or after a time.
func within(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// folder makes a folder with a path short enough for the socket of a bus. With
// E2E_KEEP set, that of a failed test stays.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "jbe2e-")
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("E2E_KEEP") != "" {
			t.Logf("kept %s", dir)
			return
		}
		require.NoError(t, os.RemoveAll(dir))
	})
	return dir
}
