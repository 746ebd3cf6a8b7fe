// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/jamid"
	"jamibox/appliance/e2e/lab"
)

// urlForms proves that what people type for the URL works beyond enrolment: the
// name server, whose address the client derives from it, answers too. The
// accounts stay in the client until its end, as the 2023 one may crash when an
// account is removed while it waits for an answer of the server.
func (c *cast) urlForms(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	visitor := c.client(t, "visitor", c.lab.Left)
	forms := []string{lab.ServerAddr + ":8443", box.PublicURL + "/", lab.ServerAddr + ":8443/"}
	devices := make([]*device, len(forms))
	var group errgroup.Group
	for i, form := range forms {
		group.Go(func() (err error) {
			devices[i], err = enrol(ctx, visitor, form, carol)
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.Len(t, c.deviceIDs(t, carol), len(forms))
	for i, form := range forms {
		t.Run(form, func(t *testing.T) {
			d := devices[i]
			require.Equal(t, devices[0].uri, d.uri)
			answer, err := d.LookupName(ctx, d.account, bob.Name)
			require.NoError(t, err)
			require.Equal(t, jamid.NameFound, answer.Status)
			found, err := d.SearchUser(ctx, d.account, bob.FirstName)
			require.NoError(t, err)
			require.Len(t, found.People, 1)
		})
	}
}
