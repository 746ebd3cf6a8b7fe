// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

// TestRelayOperations holds what a running relay shows against the description.
func TestRelayOperations(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t, appliancetest.WithRelay))
	a.box.AddUser(t, "alice")
	root := a.administrator(t)
	client := a.box.NewClient(t)
	client.Enrol(t, "alice", 0)
	_, err := a.box.DialRelay(t, "udp", client.RelayLogin(t)).Allocate()
	require.NoError(t, err)
	stream, err := a.box.DialRelay(t, "tcp", client.RelayLogin(t)).AllocateTCP()
	require.NoError(t, err)

	alices := func(path string) []admin.Allocation {
		got := a.call(t, "GET", path, nil, root)
		require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
		var list struct{ Allocations []admin.Allocation }
		got.JSON(t, &list)
		return slices.DeleteFunc(list.Allocations, func(a admin.Allocation) bool { return a.User != "alice" })
	}
	live := alices("/relay/allocations")
	require.Len(t, live, 2)
	require.Equal(t, []string{"udp", "tcp"}, []string{live[0].Protocol, live[1].Protocol})
	got := a.call(t, "DELETE", fmt.Sprintf("/relay/allocations/%d", live[0].ID), nil, root)
	require.Equal(t, http.StatusNoContent, got.Status, "%s", got.Body)
	require.NoError(t, stream.Close())
	require.Eventually(t, func() bool { return len(alices("/relay/allocations/closed")) == 2 }, 10*time.Second, 5*time.Millisecond)
	got = a.call(t, "DELETE", fmt.Sprintf("/relay/allocations/%d", live[0].ID), nil, root)
	problemOf(t, got, http.StatusNotFound, "allocation_not_found")

	got = a.call(t, "GET", "/relay", nil, root)
	require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
	var event struct{ Events []admin.Event }
	a.call(t, "GET", "/audit", nil, root).JSON(t, &event)
	require.True(t, slices.ContainsFunc(event.Events, func(e admin.Event) bool {
		return e.Action == "relay allocation ended" && e.Actor == "admin:admin"
	}))
	got = a.call(t, "POST", "/relay/secret/rotate", map[string]string{"overlap": "720h"}, root)
	require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
	got = a.call(t, "GET", "/relay", nil, root)
	require.Contains(t, string(got.Body), "previous_until")
}
