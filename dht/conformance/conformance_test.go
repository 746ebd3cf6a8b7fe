// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// luck is a deviation of dhtnode that depends on the moment.
const luck = "anything"

// variant is what a node is started for.
type variant int

const (
	usual   variant = iota
	flooded         // takes the floods that would disturb other points
	fresh           // of a point alone, which fills its routing table
)

// point is one thing that a node has to do.
type point struct {
	// row says what the point is about, after the part of the protocol.
	row     string
	variant variant
	slow    bool
	// try does it with a new client and says what it saw.
	try func(c *client) string
	// want is what has to be seen, alternatives separated by " or ".
	want string
	// dhtnode is what dhtnode shows instead, alternatives as in want; empty if
	// it holds the point.
	dhtnode string
	// corrected is the first release of dhtnode that holds the point; 0 if none.
	corrected int
}

func (p point) holds(saw string) bool { return among(p.want, saw) }

// deviates reports whether dhtnode shows what is known of it.
func (p point) deviates(saw string) bool { return p.dhtnode == luck || among(p.dhtnode, saw) }

func among(alternatives, saw string) bool {
	return slices.Contains(strings.Split(alternatives, " or "), saw)
}

func points() []point {
	return slices.Concat(
		envelopePoints(), findPoints(), listedPoints(), getPoints(), queryPoints(), tokenPoints(), putPoints(),
		editPoints(), typePoints(), certificatePoints(), refreshPoints(), listenPoints(), pushPoints(), oldListenPoints(),
		partPoints(), sentPartPoints(), requestPoints(), limitPoints(),
	)
}

// TestConformance asks all of the builtin node, here and in the Windows program,
// and of dhtnode.
func TestConformance(t *testing.T) {
	var builtin, exe, dhtnode tally
	t.Cleanup(func() { t.Logf("builtin %s, exe %s, dhtnode %s", &builtin, &exe, &dhtnode) })
	s := newSite(t)
	t.Run("builtin", func(t *testing.T) {
		t.Parallel()
		askPoints(t, s, startBuiltin, &builtin, point.ofBuiltin)
	})
	t.Run("exe", func(t *testing.T) {
		t.Parallel()
		askPoints(t, s, startExe, &exe, point.ofBuiltin)
	})
	t.Run("dhtnode", func(t *testing.T) {
		t.Parallel()
		askPoints(t, s, startDhtnode, &dhtnode, point.ofDhtnode)
	})
	for _, program := range filepath.SplitList(os.Getenv(newer)) {
		name, major := releaseOf(t, program)
		t.Run("dhtnode "+name, func(t *testing.T) {
			t.Parallel()
			var count tally
			t.Cleanup(func() { t.Logf("dhtnode %s %s", name, &count) })
			start := func(t *testing.T, s *site) *target { return startProgram(t, s, program) }
			askPoints(t, s, start, &count, func(p point) (string, func(string) bool) {
				if p.corrected != 0 && p.corrected <= major {
					return p.want, p.holds
				}
				return p.ofDhtnode()
			})
		})
	}
}

// since marks a point that dhtnode holds from a release on.
func since(release int, p point) point {
	p.corrected = release
	return p
}

// ofBuiltin returns what the builtin node has to show, on any system.
func (p point) ofBuiltin() (want string, met func(saw string) bool) { return p.want, p.holds }

// ofDhtnode returns what dhtnode is known to show.
func (p point) ofDhtnode() (want string, met func(saw string) bool) {
	if p.dhtnode == "" {
		return p.want, p.holds
	}
	return p.dhtnode, p.deviates
}

// tally counts points.
type tally struct{ asked, held atomic.Int32 }

func (t *tally) String() string { return fmt.Sprintf("%d of %d", t.held.Load(), t.asked.Load()) }

// askPoints tries all points at once. expect says of each what this node is
// known to show.
func askPoints(t *testing.T, s *site, start func(*testing.T, *site) *target, count *tally, expect func(point) (string, func(string) bool)) {
	t.Helper()
	common := map[variant]*target{usual: start(t, s), flooded: start(t, s)}
	for _, p := range points() {
		t.Run(p.row, func(t *testing.T) {
			t.Parallel()
			if p.slow && !slow() {
				t.Skip("takes long; run with -slow")
			}
			node := common[p.variant]
			if node == nil {
				node = start(t, s)
			}
			saw := p.try(node.client(t))
			count.asked.Add(1)
			if p.holds(saw) {
				count.held.Add(1)
			}
			want, met := expect(p)
			require.True(t, met(saw), "saw: %s\nwant: %s", saw, want)
		})
	}
}

// TestDeviations holds the table itself: what is written as a deviation of
// dhtnode must be one.
func TestDeviations(t *testing.T) {
	names := make(map[string]bool)
	for _, p := range points() {
		for _, saw := range strings.Split(p.dhtnode, " or ") {
			require.False(t, p.holds(saw), "%s: %s is no deviation", p.row, saw)
		}
		require.False(t, names[p.row], "two points are called %s", p.row)
		names[p.row] = true
	}
}
