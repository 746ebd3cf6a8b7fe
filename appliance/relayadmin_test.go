// SPDX-License-Identifier: GPL-3.0-or-later

package appliance_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

// enrolled returns a client of a user with the nth device key.
func enrolled(t *testing.T, b *appliancetest.Box, user string, n int) *appliancetest.Client {
	t.Helper()
	c := b.NewClient(t)
	c.Enrol(t, user, n)
	return c
}

// allocate returns a relayed address and the client that has it.
func allocate(t *testing.T, b *appliancetest.Box, login appliancetest.RelayLogin) (net.PacketConn, *appliancetest.RelayClient) {
	t.Helper()
	c := b.DialRelay(t, "udp", login)
	relayed, err := c.Allocate()
	require.NoError(t, err)
	return relayed, c
}

// refused expects that the relay does not know a login.
func refused(t *testing.T, b *appliancetest.Box, login appliancetest.RelayLogin) {
	t.Helper()
	_, err := b.DialRelay(t, "udp", login).Allocate()
	require.ErrorContains(t, err, "401")
}

// listed returns the allocations of devices; others are the box's own probe.
func listed(t *testing.T, b *appliancetest.Box, path string) []admin.Allocation {
	t.Helper()
	var all struct{ Allocations []admin.Allocation }
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodGet, path, nil, &all))
	var ours []admin.Allocation
	for _, a := range all.Allocations {
		if a.User != "" {
			ours = append(ours, a)
		}
	}
	return ours
}

// lastEvent returns the newest entry of the audit log.
func lastEvent(t *testing.T, b *appliancetest.Box) admin.Event {
	t.Helper()
	var log struct{ Events []admin.Event }
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodGet, "/audit?limit=1", nil, &log))
	return log.Events[0]
}

func TestRelayIsSeen(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, appliancetest.WithRelay)
	b.AddUser(t, "alice")
	b.AddUser(t, "bob")
	laptop := enrolled(t, b, "alice", 0)
	login := laptop.RelayLogin(t)
	from, client := allocate(t, b, login)
	first := listed(t, b, "/relay/allocations")
	require.Len(t, first, 1)

	// A device that is newer than the last answer is found as well.
	to, _ := allocate(t, b, enrolled(t, b, "bob", 1).RelayLogin(t))
	require.NoError(t, client.CreatePermission(to.LocalAddr()))
	_, err := to.WriteTo([]byte("open"), from.LocalAddr())
	require.NoError(t, err)
	_, err = from.WriteTo([]byte("four"), to.LocalAddr())
	require.NoError(t, err)
	require.NoError(t, to.SetReadDeadline(time.Now().Add(10*time.Second)))
	got := make([]byte, 100)
	n, _, err := to.ReadFrom(got)
	require.NoError(t, err)
	require.Equal(t, "four", string(got[:n]))
	tcp := b.DialRelay(t, "tcp", login)
	stream, err := tcp.AllocateTCP()
	require.NoError(t, err)

	live := listed(t, b, "/relay/allocations")
	require.Len(t, live, 3)
	a := live[0]
	require.Equal(t, "alice", a.User)
	require.Equal(t, "machine 0", a.DeviceName)
	require.Len(t, a.DeviceID, 64)
	require.Equal(t, login.Username, a.RelayUser)
	require.Equal(t, client.Local, a.Client)
	require.Equal(t, from.LocalAddr().String(), a.Relayed)
	require.Equal(t, b.RelayAddr(t), a.Server)
	require.Equal(t, []string{"udp", "udp"}, []string{a.Over, a.Protocol})
	require.NotEmpty(t, a.Peers)
	require.EqualValues(t, 4, a.Up.Bytes)
	require.WithinDuration(t, time.Now(), a.OpenedAt, time.Minute)
	require.True(t, a.ExpiresAt.After(time.Now()))
	require.Nil(t, a.ClosedAt)
	require.Equal(t, []string{"bob", "machine 1"}, []string{live[1].User, live[1].DeviceName})
	require.Equal(t, "alice", live[2].User)
	require.Equal(t, []string{"tcp", "tcp", tcp.Local}, []string{live[2].Over, live[2].Protocol, live[2].Client})
	require.Equal(t, stream.Addr().String(), live[2].Relayed)

	var state admin.RelayState
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodGet, "/relay", nil, &state))
	require.GreaterOrEqual(t, state.Allocations, 3)
	require.GreaterOrEqual(t, state.Traffic["udp"].Up.Bytes, uint64(4))
	require.NotZero(t, state.Answers["401"])
	require.Equal(t, 50, state.Limits.AllocationsPerDevice)
	require.Equal(t, []string{"127.0.0.1"}, state.Advertised)

	client.Hangup()
	require.NoError(t, stream.Close())
}

func TestAdministratorEndsAnAllocation(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, appliancetest.WithRelay)
	b.AddUser(t, "alice")
	login := enrolled(t, b, "alice", 0).RelayLogin(t)
	_, client := allocate(t, b, login)
	a := listed(t, b, "/relay/allocations")[0]
	path := fmt.Sprint("/relay/allocations/", a.ID)
	require.Equal(t, http.StatusNoContent, b.Call(t, http.MethodDelete, path, nil, nil))

	require.Eventually(t, func() bool { return len(listed(t, b, "/relay/allocations")) == 0 }, 10*time.Second, 5*time.Millisecond)
	require.ErrorContains(t, client.CreatePermission(&net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}), "437")
	require.Equal(t, http.StatusNotFound, b.Call(t, http.MethodDelete, path, nil, nil))
	closed := listed(t, b, "/relay/allocations/closed")
	require.Len(t, closed, 1)
	require.Equal(t, "ended", closed[0].Reason)
	require.Equal(t, "alice", closed[0].User)
	require.NotNil(t, closed[0].ClosedAt)
	event := lastEvent(t, b)
	require.Equal(t, []string{"local", "relay allocation ended", a.DeviceID}, []string{event.Actor, event.Action, event.Target})
	require.Contains(t, event.Detail, "alice")
	allocate(t, b, login) // nobody is barred by it
}

// rotate rotates the secret and returns until when old passwords are good.
func rotate(t *testing.T, b *appliancetest.Box, overlap string) time.Time {
	t.Helper()
	var answer struct {
		Until time.Time `json:"previous_until"`
	}
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodPost, "/relay/secret/rotate", map[string]string{"overlap": overlap}, &answer))
	return answer.Until
}

func TestRotation(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, appliancetest.WithRelay)
	b.AddUser(t, "alice")
	laptop := enrolled(t, b, "alice", 0)
	old := laptop.RelayLogin(t)
	_, call := allocate(t, b, old)
	peer := &net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}

	until := rotate(t, b, "1h")
	require.WithinDuration(t, time.Now().Add(time.Hour), until, 10*time.Second)
	event := lastEvent(t, b)
	require.Equal(t, "relay secret rotated", event.Action)
	require.Contains(t, event.Detail, until.Format(time.RFC3339))
	var state admin.RelayState
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodGet, "/relay", nil, &state))
	require.Equal(t, until, *state.PreviousUntil)

	fresh := laptop.RelayLogin(t)
	require.Equal(t, old.Username, fresh.Username, "names stay")
	require.NotEqual(t, old.Password, fresh.Password)
	require.NoError(t, call.CreatePermission(peer), "a call goes on")
	allocate(t, b, old)
	allocate(t, b, fresh)

	// Both survive a restart.
	b.Stop(t)
	b = appliancetest.Open(t, b.Dir, appliancetest.WithRelay)
	_, call = allocate(t, b, old)
	allocate(t, b, fresh)
	require.Equal(t, http.StatusConflict, b.Call(t, http.MethodPost, "/relay/secret/rotate", nil, nil))

	// Without an overlap nothing that was given out is good, but for calls.
	require.True(t, rotate(t, b, "0s").IsZero())
	refused(t, b, old)
	refused(t, b, fresh)
	require.NoError(t, call.CreatePermission(peer))
	laptop.Base = b.URL
	allocate(t, b, laptop.RelayLogin(t))
	b.Stop(t)
	b = appliancetest.Open(t, b.Dir, appliancetest.WithRelay)
	refused(t, b, old)
}

func TestOverlapEnds(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, appliancetest.WithRelay)
	b.AddUser(t, "alice")
	laptop := enrolled(t, b, "alice", 0)
	old := laptop.RelayLogin(t)
	until := rotate(t, b, "3s")
	allocate(t, b, old)
	require.Eventually(t, func() bool { return time.Now().After(until) }, 5*time.Second, 20*time.Millisecond)
	refused(t, b, old)
	allocate(t, b, laptop.RelayLogin(t))
	rotate(t, b, "1h") // the last one is over
}

// TestRevokedStayOutAfterARestart of devices that were revoked and of those
// whose user was disabled.
func TestRevokedStayOutAfterARestart(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, appliancetest.WithRelay)
	logins := map[string]appliancetest.RelayLogin{}
	for n, user := range []string{"alice", "bob", "carol", "dave"} {
		b.AddUser(t, user)
		logins[user] = enrolled(t, b, user, n).RelayLogin(t)
	}
	_, call := allocate(t, b, logins["alice"])
	alices := listed(t, b, "/relay/allocations")[0]
	require.Equal(t, http.StatusNoContent, b.Call(t, http.MethodPost, "/devices/"+alices.DeviceID+"/revoke", nil, nil))
	require.Eventually(t, func() bool { return len(listed(t, b, "/relay/allocations")) == 0 }, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, "revoked", listed(t, b, "/relay/allocations/closed")[0].Reason)
	require.Error(t, call.CreatePermission(&net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}))
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodPost, "/users/bob/disable", nil, nil))
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodPost, "/users/carol/revoke", nil, nil))

	for range 2 {
		for _, user := range []string{"alice", "bob", "carol"} {
			refused(t, b, logins[user])
		}
		allocate(t, b, logins["dave"])
		b.Stop(t)
		b = appliancetest.Open(t, b.Dir, appliancetest.WithRelay)
	}
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodPost, "/users/bob/enable", nil, nil))
	allocate(t, b, logins["bob"])
}
