// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// echoPort is where coturn's peer answers.
	echoPort = 3480
	// programTime bounds a run of coturn's client, which pauses a lot.
	programTime = 30 * time.Second
	// garbageTime is how long coturn's client sends garbage; it does not end.
	garbageTime = 2 * time.Second

	// Load of a run of coturn's client.
	programClients  = 4
	programMessages = 50
)

// program is a way to run coturn's client.
type program struct {
	name  string
	flags string
	over  transport
	at    string
	peer  string
	// want is what the client has to say, in this order. Its exit status says
	// nothing: it is 0 even if everything was lost.
	want []string
	// unfit is why the run makes no sense with jamibox.
	unfit string
}

func programs() []program {
	const all = programClients * programMessages
	total := func(sent, received int) string {
		return fmt.Sprintf("tot_send_msgs=%d, tot_recv_msgs=%d", sent, received)
	}
	const nothingLost = "Total lost packets 0 (0.000000%)"
	complete := []string{total(all, all), nothingLost}
	refused := []string{"channel bind: error 400"}
	return []program{
		{name: "datagrams on channels", over: udp, at: server4, peer: peer4, want: complete},
		{name: "datagrams in indications", flags: "-s", over: udp, at: server4, peer: peer4, want: complete},
		{name: "datagrams over TCP", flags: "-t", over: tcp, at: server4, peer: peer4, want: complete},
		// Over TLS the client takes what it reads at once for one message. So
		// it gets them one by one.
		{
			name: "datagrams over TLS", flags: "-t -S -m 1 -n 5 -z 400", over: secure, at: server4, peer: peer4,
			want: []string{total(5, 5), nothingLost},
		},
		{name: "datagrams over IPv6", flags: "-x", over: udp, at: server6, peer: peer6, want: complete},
		{name: "datagrams from relay to relay", flags: "-y", over: udp, at: server4, peer: peer4, want: complete},
		// Here only the peers answer. The client then waits for the others ten
		// seconds more.
		{name: "data to peers that connect", flags: "-P", over: tcp, at: server4, peer: peer4, want: []string{total(all, all/2)}},
		{
			name: "data to peers it connects to", flags: "-T", over: tcp, at: server4, peer: peer4, want: complete,
			unfit: "the clients connect to each other's relayed addresses, and jamibox connects to none of its own",
		},
		{name: "wrong channel numbers", flags: "-N", over: udp, at: server4, peer: peer4, want: refused},
		{name: "wrong channel numbers over TCP", flags: "-N -t", over: tcp, at: server4, peer: peer4, want: refused},
	}
}

// runPrograms uses the relay with coturn's client and peer.
func runPrograms(t *testing.T, r relay) {
	t.Helper()
	for _, p := range programs() {
		t.Run("uclient sends "+p.name, func(t *testing.T) {
			if p.unfit != "" && r.name == "jamibox" {
				t.Skip(p.unfit)
			}
			t.Parallel()
			output, missing := p.run(t, r, programTime)
			require.Empty(t, missing, "%s", output)
		})
	}
	for _, p := range []program{
		{name: "garbage", flags: "-R", over: udp, at: server4, peer: peer4},
		{name: "garbage over TCP", flags: "-R -t", over: tcp, at: server4, peer: peer4},
		{name: "garbage over a TCP relay's control connection", flags: "-R -T", over: tcp, at: server4, peer: peer4},
	} {
		t.Run("uclient sends "+p.name, func(t *testing.T) {
			t.Parallel()
			p.want = []string{"an end that does not come"}
			p.run(t, r, garbageTime)
			r.client(t, p.over, p.at).allocate(relayUDP)
		})
	}
}

// run lets coturn's client be a user of its own, until it said all that is
// wanted, ended, or the time is over. It returns what the client said, and what
// of the wanted it did not.
func (p program) run(t *testing.T, r relay, limit time.Duration) (output string, missing []string) {
	t.Helper()
	c := r.client(t, p.over, p.at)
	args := append([]string{
		"-u", c.username, "-w", c.password, "-p", strconv.Itoa(int(r.addr(p.over, p.at).Port())),
		"-e", p.peer, "-r", strconv.Itoa(echoPort), "-c", "-z", "5", "-l", "170",
		"-n", strconv.Itoa(programMessages), "-m", strconv.Itoa(programClients),
	}, strings.Fields(p.flags)...)
	if p.at == server4 {
		args = append(args, "-L", r.programAddr().String())
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	client := exec.CommandContext(ctx, "turnutils_uclient", append(args, p.at)...)
	said, err := client.StdoutPipe()
	require.NoError(t, err)
	client.Stderr = client.Stdout
	require.NoError(t, client.Start())

	missing = p.want
	for lines := bufio.NewScanner(said); len(missing) > 0 && lines.Scan(); {
		output += lines.Text() + "\n"
		if strings.Contains(lines.Text(), missing[0]) {
			missing = missing[1:]
		}
	}
	cancel()
	_ = client.Wait() // mostly killed
	return output, missing
}

// programAddr returns an address for a run of coturn's client.
func (r relay) programAddr() netip.Addr {
	first := netip.MustParsePrefix(programNetwork).Addr().As4()
	number := r.clients.Add(1)
	return netip.AddrFrom4([4]byte{first[0], first[1], byte(number >> 8), byte(number)})
}
