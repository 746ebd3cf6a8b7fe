// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/store"
)

func TestPolicy(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	p := store.Policy{Name: "Mobile", Folded: "mobile", Settings: "{}", CreatedAt: time.Now(), ChangedAt: time.Now()}
	require.NoError(t, f.Store.AddPolicy(ctx, &p))
	require.Empty(t, f.group(t, "staff", Change{}).Policy)
	require.Equal(t, "Mobile", f.group(t, "phones", Change{Policy: new("MOBILE")}).Policy)
	g, err := f.Update(ctx, "phones", Change{Description: new("x")})
	require.NoError(t, err)
	require.Equal(t, "Mobile", g.Policy, "not given, so it stays")
	for _, unknown := range []string{"nobody", " "} {
		_, err = f.Update(ctx, "phones", Change{Policy: &unknown})
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, "there is no policy")
	}
	g, err = f.Update(ctx, "phones", Change{Policy: new("")})
	require.NoError(t, err)
	require.Empty(t, g.Policy)

	entries, err := f.Store.Audit(ctx, 10)
	require.NoError(t, err)
	var details []string
	for _, e := range entries {
		details = append(details, e.Action+": "+e.Detail)
	}
	require.Equal(t, []string{"group changed: no policy", "group changed: ", "group created: policy MOBILE", "group created: "}, details)
}
