// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// found is the outcome of a search that was successful.
const found = "found"

// peer is a dhtnode at its console. It is for one goroutine.
type peer struct {
	t       *testing.T
	id      string
	port    uint16
	input   io.WriteCloser
	console *console
	kill    func()
}

// started is what dhtnode says first.
var started = regexp.MustCompile(`OpenDHTnode([0-9a-f]{40})runningonport(\d+)`)

// startPeer runs a dhtnode that knows one other node, in the namespace unless
// that is nil, until the test ends or kill is called. It gets its port from the
// system.
func startPeer(t *testing.T, in *namespace, r release, network uint32, bootstrap netip.AddrPort, options ...string) *peer {
	t.Helper()
	arguments := []string{"-n", strconv.FormatUint(uint64(network), 10)}
	if bootstrap.IsValid() {
		arguments = append(arguments, "-b", bootstrap.String())
	}
	program := exec.Command(r.program, append(arguments, options...)...)
	if in != nil {
		program = in.command(r.program, append(arguments, options...)...)
	}
	program.Env = environment()
	p := &peer{t: t, console: newConsole()}
	program.Stdout, program.Stderr = p.console, p.console
	var err error
	p.input, err = program.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	p.kill = sync.OnceFunc(func() {
		_ = program.Process.Kill() // or it has ended
		_ = program.Wait()         // tells that it was killed
	})
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("output of dhtnode %s at port %d:\n%.4000s", p.id, p.port, p.console)
		}
	})
	said := started.FindStringSubmatch(p.await(0, started, patience))
	require.NotNil(t, said, "dhtnode does not start: %s", p.console)
	p.id = said[1]
	port, err := strconv.ParseUint(said[2], 10, 16)
	require.NoError(t, err)
	p.port = uint16(port)
	return p
}

// enter types a command, and returns where its output begins.
func (p *peer) enter(format string, arguments ...any) int {
	p.t.Helper()
	mark := p.console.mark()
	_, err := fmt.Fprintf(p.input, format+"\n", arguments...)
	require.NoError(p.t, err)
	return mark
}

// await returns the output from a mark on, without spaces, when it matches; empty if
// it does not in time.
func (p *peer) await(mark int, wanted *regexp.Regexp, limit time.Duration) string {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		text, more := p.console.fromOrMore(mark)
		if wanted.MatchString(text) {
			return text
		}
		select {
		case <-more:
		case <-timeout.C:
			return ""
		}
	}
}

var (
	wasPut = regexp.MustCompile(`Put(signed)?:(success|failure)`)
	wasGot = regexp.MustCompile(`Get:(completed|success|failure)`)
	text   = regexp.MustCompile(`data\(text/plain\):"([^"]*)"`)
	heard  = regexp.MustCompile(`Listening`)
)

// put types a command that stores something, and reports whether it was stored.
func (p *peer) put(command, key, more string) bool {
	p.t.Helper()
	mark := p.enter("%s %s %s", command, key, more)
	return strings.Contains(p.await(mark, wasPut, patience), ":success")
}

// write stores a text.
func (p *peer) write(key, value string) {
	p.t.Helper()
	require.True(p.t, p.put("p", key, value), "dhtnode could not put %s", key)
}

// get returns the texts under a key, each once, when all nodes have answered.
func (p *peer) get(key string) []string {
	p.t.Helper()
	return texts(p.await(p.enter("g %s", key), wasGot, patience))
}

// finds waits for one text under a key, and returns how long it took to come;
// false if it does not come before the search ends.
func (p *peer) finds(key, value string) (time.Duration, bool) {
	p.t.Helper()
	began := time.Now()
	outcome := p.look(key, value)
	return time.Since(began), outcome == found
}

// look is finds, and returns what dhtnode said of the search instead: found, or
// how it ended without, or that it did not end.
func (p *peer) look(key, value string) string {
	p.t.Helper()
	either := regexp.MustCompile(`data\(text/plain\):"` + regexp.QuoteMeta(value) + `"|` + wasGot.String())
	said := p.await(p.enter("g %s", key), either, patience)
	switch {
	case strings.Contains(said, `"`+value+`"`):
		return found
	case said == "":
		return "no end"
	}
	return wasGot.FindStringSubmatch(said)[1]
}

// listen returns where the output begins that tells of values.
func (p *peer) listen(key string) int {
	p.t.Helper()
	mark := p.enter("l %s", key)
	require.NotEmpty(p.t, p.await(mark, heard, patience), "dhtnode does not listen")
	return mark
}

// told waits until a listener hears of a text.
func (p *peer) told(mark int, value string) {
	p.t.Helper()
	require.NotEmpty(p.t, p.await(mark, regexp.MustCompile(regexp.QuoteMeta(`"`+value+`"`)), patience), "not told of %.40s", value)
}

// lists reports whether the routing table has a node that has not expired.
func (p *peer) lists(id string, addr netip.AddrPort) bool {
	p.t.Helper()
	table := p.await(p.enter("lr"), regexp.MustCompile(`IPv6routingtable`), patience)
	for line := range strings.Lines(table) {
		if strings.Contains(line, id) && strings.Contains(line, addr.String()) && !strings.Contains(line, "expired") {
			return true
		}
	}
	return false
}

func (p *peer) awaitListed(id string, addr netip.AddrPort, limit time.Duration) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.lists(id, addr) }, limit, 200*time.Millisecond, "dhtnode does not know %s at %s", id, addr)
}

func texts(output string) (found []string) {
	seen := make(map[string]bool)
	for _, match := range text.FindAllStringSubmatch(output, -1) {
		if !seen[match[1]] {
			seen[match[1]] = true
			found = append(found, match[1])
		}
	}
	return found
}
