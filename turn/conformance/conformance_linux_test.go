// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowFlag is the flag of the test program that adds the slow points.
const slowFlag = "slow"

// Deviations of coturn that depend on the moment.
const (
	// anythingElse is for what coturn never holds, in one way or another.
	anythingElse = "anything but what is wanted"
	// luck is for what coturn holds at times and at others does not.
	luck = "anything"
)

// point is one thing that a relay has to do.
type point struct {
	// row says what the point is about, after the table it belongs to: that of
	// the wire facts, of UDP relaying, of TCP relaying or of the policy.
	row string
	// jami marks what hurts Jami's clients if it is wrong.
	jami bool
	// over are the transports that the point holds for, each on its own.
	over transport
	// at is the address of the relay that clients use; server4 if empty.
	at      string
	variant variant
	// slow points wait for timers; they are tried with -slow.
	slow bool
	// try does it with a new client and says what it saw.
	try func(c *client) string
	// want is what has to be seen, alternatives separated by " or ".
	want string
	// coturn is what coturn shows instead, alternatives as in want; empty if
	// it holds the point.
	coturn string
}

func (p point) name(over transport) string {
	name := fmt.Sprintf("%s over %s", p.row, over)
	if p.jami {
		name += " (Jami)"
	}
	return name
}

func (p point) holds(saw string) bool { return among(p.want, saw) }

// deviates reports whether coturn shows what is known of it.
func (p point) deviates(saw string) bool {
	switch p.coturn {
	case luck:
		return true
	case anythingElse:
		return !p.holds(saw)
	}
	return among(p.coturn, saw)
}

func among(alternatives, saw string) bool {
	return slices.Contains(strings.Split(alternatives, " or "), saw)
}

// relaying is one of the two things an allocation can be for.
type relaying struct {
	table    string // starts the names of its points
	over     transport
	protocol byte
}

func relayings() []relaying {
	return []relaying{{"UDP relay: ", udp | tcp, relayUDP}, {"TCP relay: ", tcp, relayTCP}}
}

func points() []point {
	return slices.Concat(
		authenticationPoints(), ownershipPoints(), allocatePoints(), refreshPoints(),
		permissionPoints(), channelPoints(), datagramPoints(), streamPoints(),
		connectPoints(), bindPoints(), incomingPoints(), dataPoints(), teardownPoints(), throttlePoints(),
	)
}

// TestConformance asks all of jamibox and of coturn.
func TestConformance(t *testing.T) {
	needNetwork(t)
	startProgram(t, true, "turnutils_peer", "-L", peer4, "-L", peer6, "-p", strconv.Itoa(echoPort))
	var jamibox, coturn tally
	t.Cleanup(func() { t.Logf("jamibox %s, coturn %s", &jamibox, &coturn) })
	t.Run("jamibox", func(t *testing.T) {
		t.Parallel()
		relays := startAll(t, startJamibox)
		askPoints(t, relays, &jamibox, func(p point) (string, func(string) bool) { return p.want, p.holds })
		runPrograms(t, relays[usual])
		runPion(t, relays[usual])
	})
	t.Run("coturn", func(t *testing.T) {
		t.Parallel()
		relays := startAll(t, startCoturn)
		askPoints(t, relays, &coturn, func(p point) (string, func(string) bool) {
			if p.coturn == "" {
				return p.want, p.holds
			}
			return p.coturn, p.deviates
		})
		runPrograms(t, relays[usual])
		runPion(t, relays[usual])
	})
}

func startAll(t *testing.T, start func(*testing.T, variant) relay) map[variant]relay {
	t.Helper()
	relays := make(map[variant]relay)
	for _, v := range []variant{usual, narrow, onlyIPv4} {
		relays[v] = start(t, v)
	}
	return relays
}

// tally counts points.
type tally struct{ asked, held atomic.Int32 }

func (t *tally) String() string { return fmt.Sprintf("%d of %d", t.held.Load(), t.asked.Load()) }

// askPoints tries all points at once. expect says of each what this relay is
// known to show.
func askPoints(t *testing.T, relays map[variant]relay, count *tally, expect func(point) (string, func(string) bool)) {
	t.Helper()
	for _, p := range points() {
		for _, over := range []transport{udp, tcp, secure} {
			if p.over&over == 0 {
				continue
			}
			t.Run(p.name(over), func(t *testing.T) {
				t.Parallel()
				if p.slow && !slow() {
					t.Skip("waits for timers; run with -slow")
				}
				at := p.at
				if at == "" {
					at = server4
				}
				saw := p.try(relays[p.variant].client(t, over, at))
				count.asked.Add(1)
				if p.holds(saw) {
					count.held.Add(1)
				}
				want, met := expect(p)
				require.True(t, met(saw), "saw: %s\nwant: %s", saw, want)
			})
		}
	}
}

// TestDeviations holds the table itself: what is written as a deviation of
// coturn must be one.
func TestDeviations(t *testing.T) {
	names := make(map[string]bool)
	for _, p := range points() {
		for _, saw := range strings.Split(p.coturn, " or ") {
			require.False(t, p.holds(saw), "%s: %s is no deviation", p.row, saw)
		}
		require.False(t, names[p.row], "two points are called %s", p.row)
		names[p.row] = true
	}
}

func slow() bool { return flag.Lookup(slowFlag).Value.String() == "true" }
