// SPDX-License-Identifier: GPL-3.0-or-later

package audit_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/audit"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

func TestRecord(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	var out bytes.Buffer
	log := audit.New(b.Store, slog.New(slog.NewTextHandler(&out, nil)))
	ctx, cancel := context.WithCancel(audit.With(t.Context(), audit.Actor{Name: "admin:anna", Remote: "10.0.0.9"}))
	log.Record(ctx, "user created", "bob", "detail")
	cancel()
	log.Record(ctx, "user revoked", "bob", "") // the client has left; the deed is done
	log.Record(t.Context(), "certificate renewed", "box", "")

	entries, err := b.Store.Audit(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	for i := range entries {
		require.WithinDuration(t, time.Now(), entries[i].At, time.Minute)
		entries[i].ID, entries[i].At = 0, time.Time{}
	}
	require.Equal(t, []store.AuditEntry{
		{Actor: "jamibox", Action: "certificate renewed", Target: "box"},
		{Actor: "admin:anna", Action: "user revoked", Target: "bob", Remote: "10.0.0.9"},
		{Actor: "admin:anna", Action: "user created", Target: "bob", Remote: "10.0.0.9", Detail: "detail"},
	}, entries)
	require.Contains(t, out.String(), `msg="user created" actor=admin:anna target=bob remote=10.0.0.9 detail=detail`)
	require.NotContains(t, out.String(), "ERROR")
}

func TestRecordFault(t *testing.T) {
	path := t.TempDir() + "/jamibox.db"
	s, err := store.Open(path)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	var out bytes.Buffer
	audit.New(s, slog.New(slog.NewTextHandler(&out, nil))).Record(t.Context(), "user created", "bob", "")
	require.Contains(t, out.String(), `level=ERROR msg="audit event not stored" action="user created" target=bob err=`)
}
