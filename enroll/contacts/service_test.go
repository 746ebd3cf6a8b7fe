// SPDX-License-Identifier: GPL-3.0-or-later

package contacts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/enroll/store"
)

func TestBodies(t *testing.T) {
	f := newFixture(t)
	for body, err := range map[string]error{
		`[]`: nil, `null`: nil, " [ ]\n": nil, `[null]`: nil, `[[]]`: ErrNotAList, `[1]`: ErrNotAList, `["x"]`: ErrNotAList, `{}`: ErrNotAList,
		``: ErrNotAList, `[`: ErrNotAList, `[]x`: ErrNotAList, `"x"`: ErrNotAList, `[{"uri":"` + "\xff" + `"}]`: ErrNotAList,
		strings.Repeat("[", 100_000): ErrNotAList, `[{}` + strings.Repeat(`,{}`, maxEntries) + `]`: ErrTooMany,
	} {
		answer, got := f.Sync(t.Context(), f.alice, Contacts(), []byte(body))
		require.ErrorIs(t, got, err, "%.40s", body)
		if err == nil {
			require.Equal(t, "[]", string(answer))
		}
	}
}

func TestLimits(t *testing.T) {
	f := newFixture(t)
	f.maxEntries, f.maxBytes = 100, 16<<10
	entries := func(from, n int, extra string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"uri":"%040x","added":1%s}`, from+i, extra)
		}
		return "[" + b.String()[1:] + "]"
	}
	_, err := f.Sync(t.Context(), f.alice, Contacts(), []byte(entries(0, 101, "")))
	require.ErrorIs(t, err, ErrTooMany)
	require.Equal(t, "[]", f.sync(t, Contacts(), "[]"))
	f.sync(t, Contacts(), entries(0, 100, ""))
	_, err = f.Sync(t.Context(), f.alice, Contacts(), []byte(entries(100, 1, "")))
	require.ErrorIs(t, err, ErrTooMany)
	var list []entry
	require.NoError(t, json.Unmarshal([]byte(f.sync(t, Contacts(), "[]")), &list))
	require.Len(t, list, 100)

	// One more unknown member with each request.
	bobs := f.AddUser(t, "bob", nil)
	grow := func(i int) error {
		_, err := f.Sync(t.Context(), bobs, Contacts(), []byte(entries(0, 1, fmt.Sprintf(`,"x%d":"%s"`, i, strings.Repeat("x", 3<<10)))))
		return err
	}
	for i := range 5 {
		require.NoError(t, grow(i))
	}
	require.ErrorIs(t, grow(6), ErrTooMany)
}

func TestNothingNewWritesNothing(t *testing.T) {
	f := newFixture(t)
	body := "[\n\t{\n\t\t\"id\" : \"abc\",\n\t\t\"created\": 100,\n\t\t\"members\" : [ { \"uri\" : \"<&>\" } ],\n\t\t\"x\": \"\u2028<b>\"\n\t}\n]"
	first := f.sync(t, Conversations(), body)
	require.JSONEq(t, body, first)
	written := func() (rows []store.SyncedEntry) {
		require.NoError(t, f.Box.Store.SyncEntries(t.Context(), f.alice.ID, "conversation", func(stored []store.SyncedEntry) ([]store.SyncedEntry, error) {
			rows = stored
			return nil, nil
		}))
		return rows
	}
	before := written()
	require.Len(t, before, 1)
	require.Equal(t, first, f.sync(t, Conversations(), body))
	require.Equal(t, first, f.sync(t, Conversations(), first))
	require.Equal(t, before, written())
}

func TestListsAreApart(t *testing.T) {
	f := newFixture(t)
	b := f.AddUser(t, "bob", nil)
	f.sync(t, Contacts(), `[{"uri":"`+bob+`","added":1}]`)
	require.Equal(t, "[]", f.sync(t, Conversations(), "[]"))
	require.Equal(t, "[]", f.sync(t, Requests(), "[]"))
	answer, err := f.Sync(t.Context(), b, Contacts(), []byte("[]"))
	require.NoError(t, err)
	require.Equal(t, "[]", string(answer))
	require.Equal(t, `[{"added":1,"uri":"`+bob+`"}]`, f.sync(t, Contacts(), "[]"))
	require.JSONEq(t, `[{"uri":"`+bob+`","added":1},{"uri":"`+carol+`","added":2}]`,
		f.sync(t, Contacts(), `[{"uri":"`+carol+`","added":1},{"uri":"`+carol+`","added":2}]`), "twice in one list")
}

func TestRefusalsAreLogged(t *testing.T) {
	f := newFixture(t)
	var log bytes.Buffer
	f.logger = slog.New(slog.NewTextHandler(&log, nil))
	f.sync(t, Contacts(), `[{"uri":"secret"},{"uri":"`+bob+`","added":"secret"}]`)
	require.Contains(t, log.String(), "count=2")
	require.Contains(t, log.String(), "user=alice")
	require.NotContains(t, log.String(), "secret")
}

func TestSyncAtOnce(t *testing.T) {
	f := newFixture(t)
	var g errgroup.Group
	for i := range 20 {
		g.Go(func() error {
			_, err := f.Sync(t.Context(), f.alice, Contacts(), fmt.Appendf(nil, `[{"uri":"%040x","added":1},{"uri":"%s","added":%d,"x%d":1}]`, i, bob, i+1, i))
			return err
		})
	}
	require.NoError(t, g.Wait())
	var list []map[string]any
	require.NoError(t, json.Unmarshal([]byte(f.sync(t, Contacts(), "[]")), &list))
	require.Len(t, list, 21)
	require.Equal(t, float64(20), list[20]["added"])
	require.Len(t, list[20], 22, "nothing that was sent is lost")
}

func FuzzSync(f *testing.F) {
	for _, seed := range []string{
		`[]`, `null`, `[null]`, `[{"uri":"` + bob + `","added":100,"addedMs":100500,"confirmed":true,"x":{}}]`,
		`[{"id":"a","created":1,"members":[{"uri":"x"}],"mode":0,"invited":{"a":1}}]`, `[{"conversationId":"a","received":1,"metadatas":{"a":"b"}}]`,
		`[{"uri":"` + bob + `","added":-1},{"uri":"` + bob + `","removed":1e9}]`, `[{"uri":"` + carol + `"},{"uri":"` + carol + `","removed":1}]`,
	} {
		for kind := range uint8(3) {
			f.Add(kind, []byte(seed), []byte(`[{"uri":"`+bob+`","added":100,"y":"<"}]`))
		}
	}
	kinds := []Kind{Contacts(), Conversations(), Requests()}
	f.Fuzz(func(t *testing.T, kind uint8, first, second []byte) {
		k := kinds[int(kind)%len(kinds)]
		merged := newList(k)
		for _, body := range [][]byte{first, second} {
			entries, _, err := k.parse(body, maxEntries)
			if err != nil {
				continue
			}
			for _, e := range entries {
				merged.add(e)
			}
		}
		answer, err := merged.json()
		require.NoError(t, err)
		entries, refused, err := k.parse(answer, maxEntries)
		require.NoError(t, err)
		require.Empty(t, refused, "clients can read what they are sent")
		require.Len(t, entries, len(merged.entries))
		merged.changed = make(map[string]bool)
		for _, e := range entries {
			merged.add(e)
		}
		require.Empty(t, merged.changed, "an echo changes nothing")
	})
}
