// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"jamibox/dht/wire"
)

// anyID draws ids that often share long prefixes.
func anyID() *rapid.Generator[wire.ID] {
	return rapid.Custom(func(t *rapid.T) (id wire.ID) {
		for _, at := range rapid.SliceOfN(rapid.IntRange(0, 159), 0, 4).Draw(t, "bits") {
			id[at>>3] |= 0x80 >> (at & 7)
		}
		return id
	})
}

func distance(a, b wire.ID) (d wire.ID) {
	for i := range d {
		d[i] = a[i] ^ b[i]
	}
	return d
}

func compare(target wire.ID) func(a, b wire.ID) int {
	return func(a, b wire.ID) int {
		da, db := distance(target, a), distance(target, b)
		return bytes.Compare(da[:], db[:])
	}
}

func TestCloser(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target, a, b := anyID().Draw(t, "target"), anyID().Draw(t, "a"), anyID().Draw(t, "b")
		if got, want := closer(&target, &a, &b), compare(target)(a, b) < 0; got != want {
			t.Fatalf("closer: %v", got)
		}
	})
}

func TestSharedBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyID().Draw(t, "a"), anyID().Draw(t, "b")
		want := 0
		for want < idBits && bit(&a, uint8(want)) == bit(&b, uint8(want)) {
			want++
		}
		if got := sharedBits(&a, &b); got != want {
			t.Fatalf("%v and %v share %d bits, got %d", a, b, want, got)
		}
	})
}

func TestRandomID(t *testing.T) {
	for shared := range idBits + 1 {
		longer := false
		for range 64 {
			random := randomID(ownID, shared)
			got := sharedBits(&ownID, &random)
			require.GreaterOrEqual(t, got, shared)
			longer = longer || got == shared
		}
		require.True(t, longer, "the bits after the first %d are random", shared)
	}
}

func TestTrie(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			trie    trie
			records = make(map[wire.ID]*record)
		)
		for range rapid.IntRange(50, 100).Draw(t, "changes") {
			id := anyID().Draw(t, "id")
			if r := records[id]; r != nil {
				trie.remove(r)
				delete(records, id)
			} else {
				records[id] = &record{node: wire.Node{ID: id}}
				trie.insert(records[id])
			}
		}
		target := anyID().Draw(t, "target")
		var want, got []wire.ID
		for id := range records {
			want = append(want, id)
		}
		slices.SortFunc(want, compare(target))
		trie.walk(&target, func(r *record) bool {
			got = append(got, r.node.ID)
			return true
		})
		if !slices.Equal(want, got) {
			t.Fatalf("near %v: want %v, got %v", target, want, got)
		}
	})
}
