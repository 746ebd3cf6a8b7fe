// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/lab"
)

// proxyURL is what clients are told of the DHT proxy.
const proxyURL = "https://" + lab.ServerAddr + ":4443"

// noNode lets nobody but the box itself reach its DHT node.
const noNode = `add table inet proxied
add chain inet proxied input { type filter hook input priority 0; }
add rule inet proxied input iifname != "lo" udp dport 4222 drop`

// proxied are two people whose clients are told to use the DHT proxy, on a site
// without any other way into the DHT.
type proxied struct {
	*world
	laptop, phone *device
}

// TestProxy tells the story of a site of phones.
func TestProxy(t *testing.T) {
	p := &proxied{world: newWorld(t, box.Options{
		Settings: []string{"JAMIBOX_DHT_PROXY_LISTEN=:4443", "JAMIBOX_DHT_PROXY_PUSH=all"},
	}, alice, bob)}
	require.NoError(t, p.lab.Server.Run(within(t, time.Minute), "nft", noNode))
	p.laptop = &device{Client: p.client(t, "laptop", p.lab.Left)}
	p.phone = &device{Client: p.client(t, "phone", p.lab.Right)}
	for _, scenario := range []struct {
		name string
		play func(*testing.T)
	}{
		{"enrolment", p.enrolment},
		{"message", p.messages},
		{"restart of the box", p.restart},
	} {
		if !p.play(t, scenario.name, scenario.play) {
			t.FailNow()
		}
	}
}

// enrolment proves that clients register and announce themselves through the proxy
// that they were told of.
func (p *proxied) enrolment(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	var group errgroup.Group
	for d, u := range map[*device]box.User{p.laptop: alice, p.phone: bob} {
		group.Go(func() error {
			began := time.Now()
			enrolled, err := enrol(ctx, d.Client, box.PublicURL, u)
			if err == nil {
				t.Logf("%s was registered and announced after %s", d.Name(), time.Since(began))
				*d = *enrolled
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	for _, d := range []*device{p.laptop, p.phone} {
		details, err := d.Details(ctx, d.account)
		require.NoError(t, err)
		for key, want := range map[string]string{
			"Account.proxyEnabled": "true", "Account.proxyServer": proxyURL, "Account.dhtProxyListUrl": "",
		} {
			require.Equal(t, want, details[key], "%s of %s", key, d.Name())
		}
	}
	status, err := p.box.DHT(ctx)
	require.NoError(t, err)
	require.Zero(t, status.Node.Good+status.Node.Dubious, "no client has a node of its own")
	require.Zero(t, status.Node.Requests["listen"], "nobody listens over UDP")
	require.Positive(t, status.Proxy.Listeners)
	require.Positive(t, status.Proxy.Permanent)
	t.Logf("the proxy: %+v", status.Proxy)
}

// messages proves that people become contacts and write to each other.
func (p *proxied) messages(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	conversation := befriend(t, ctx, p.laptop, p.phone)
	write(t, ctx, conversation, "from laptop", p.laptop, p.phone).arrives(t, ctx, p.phone)
	write(t, ctx, conversation, "from phone", p.phone, p.laptop).arrives(t, ctx, p.laptop)
}

// restart proves that the clients notice that the box was away, and listen again:
// alice's second device, which enrols later, becomes known to her first.
func (p *proxied) restart(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	require.NoError(t, p.box.Stop())
	require.NoError(t, p.box.Start(ctx))
	began := time.Now()
	// The 2023 client asks again a minute after it was refused.
	require.NoError(t, p.laptop.Poll(ctx, "the clients are back", func(ctx context.Context) (bool, error) {
		now, err := p.box.DHT(ctx)
		return err == nil && now.Proxy.Listeners >= 4 && now.Proxy.Permanent >= 2, err
	}))
	t.Logf("the clients were back %s after the box", time.Since(began))
	desk, err := enrol(ctx, p.client(t, "desk", p.lab.Right), box.PublicURL, alice)
	require.NoError(t, err)
	together(t, func(d *device) error {
		return d.Poll(ctx, "both devices of alice are listed", func(ctx context.Context) (bool, error) {
			known, err := d.Devices(ctx, d.account)
			return err == nil && hasAll(known, p.laptop.id, desk.id), err
		})
	}, p.laptop, desk)
}

// TestProxyByPolicy has members of a group use the proxy, as the group's policy
// says, while others have nodes of their own; they find each other and talk.
func TestProxyByPolicy(t *testing.T) {
	p := &proxied{world: newWorld(t, box.Options{Settings: []string{"JAMIBOX_DHT_PROXY_LISTEN=:4443"}}, alice, bob)}
	p.laptop = &device{Client: p.client(t, "laptop", p.lab.Left)}
	p.phone = &device{Client: p.client(t, "phone", p.lab.Right)}
	p.play(t, "a group of phones", func(t *testing.T) {
		ctx := within(t, 5*time.Minute)
		for _, args := range [][]string{
			{"policy", "add", "mobile", "Account.proxyEnabled=true"},
			{"group", "add", "mobile", "--policy", "mobile"},
			{"group", "member", "add", "mobile", bob.Name},
		} {
			_, err := p.box.Command(ctx, args...)
			require.NoError(t, err)
		}
		p.enrol(t, ctx, p.laptop, alice, "false")
		status, err := p.box.DHT(ctx)
		require.NoError(t, err)
		require.Positive(t, status.Node.Requests["listen"], "the laptop has a node")
		require.Zero(t, status.Proxy.Listeners, "and does not use the proxy")
		p.enrol(t, ctx, p.phone, bob, "true")
		status, err = p.box.DHT(ctx)
		require.NoError(t, err)
		require.Positive(t, status.Proxy.Listeners, "the phone does")
		require.Positive(t, status.Proxy.Permanent)
		t.Logf("the proxy: %+v", status.Proxy)
		p.messages(t)
	})
}

// TestProxyBesideNodes has a client with a node of its own and one that uses the
// proxy, since an administrator said so in between, find each other and talk.
func TestProxyBesideNodes(t *testing.T) {
	p := &proxied{world: newWorld(t, box.Options{Settings: []string{"JAMIBOX_DHT_PROXY_LISTEN=:4443"}}, alice, bob)}
	p.laptop = &device{Client: p.client(t, "laptop", p.lab.Left)}
	p.phone = &device{Client: p.client(t, "phone", p.lab.Right)}
	p.play(t, "one after the other", func(t *testing.T) {
		ctx := within(t, 5*time.Minute)
		p.enrol(t, ctx, p.laptop, alice, "false")
		_, err := p.box.Command(ctx, "policy", "everyone", "Account.proxyEnabled=true")
		require.NoError(t, err)
		p.enrol(t, ctx, p.phone, bob, "true")
		status, err := p.box.DHT(ctx)
		require.NoError(t, err)
		require.Positive(t, status.Node.Requests["listen"], "the laptop has a node")
		require.Positive(t, status.Proxy.Listeners, "the phone has none")
		p.messages(t)
	})
}

// enrol enrols a device and checks whether it was told to use the proxy.
func (p *proxied) enrol(t *testing.T, ctx context.Context, d *device, u box.User, enabled string) {
	t.Helper()
	enrolled, err := enrol(ctx, d.Client, box.PublicURL, u)
	require.NoError(t, err)
	*d = *enrolled
	details, err := d.Details(ctx, d.account)
	require.NoError(t, err)
	require.Equal(t, enabled, details["Account.proxyEnabled"])
	require.Equal(t, proxyURL, details["Account.proxyServer"])
}
