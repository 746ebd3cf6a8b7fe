// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// namespace is a network namespace. It has no name that could outlive the test:
// a program that ends with the test holds it.
type namespace struct {
	t    *testing.T
	pid  int
	path string
}

// newNamespace makes one with nothing but a loopback address.
func newNamespace(t *testing.T) *namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("this test needs root for its network namespaces")
	}
	for _, program := range []string{"ip", "nft", "unshare", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("this test needs the packages iproute2, nftables and util-linux: %v", err)
		}
	}
	holder := exec.Command("unshare", "--net", "sh", "-c", "echo; exec cat")
	input, err := holder.StdinPipe()
	require.NoError(t, err)
	output, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	n := &namespace{t: t, pid: holder.Process.Pid, path: fmt.Sprintf("/proc/%d/ns/net", holder.Process.Pid)}
	t.Cleanup(func() {
		require.NoError(t, input.Close())
		require.NoError(t, holder.Wait())
	})
	_, err = io.ReadFull(output, make([]byte, 1))
	require.NoError(t, err, "unshare failed")
	n.run("ip link set lo up")
	return n
}

// command is a program that runs in the namespace.
func (n *namespace) command(program string, arguments ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--net=" + n.path, program}, arguments...)...)
}

// run runs a command line, without quotes, in the namespace.
func (n *namespace) run(line string) {
	n.t.Helper()
	words := strings.Fields(line)
	output, err := n.command(words[0], words[1:]...).CombinedOutput()
	require.NoError(n.t, err, "%s: %s", line, output)
}

// enter moves the calling thread into the namespace.
func (n *namespace) enter() error {
	file, err := os.Open(n.path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering %s: %w", n.path, err)
	}
	return nil
}

// pair is two namespaces with a cable between them.
type pair struct {
	left, right         *namespace
	leftAddr, rightAddr netip.Addr
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{
		left: newNamespace(t), right: newNamespace(t),
		leftAddr: netip.MustParseAddr("10.78.0.1"), rightAddr: netip.MustParseAddr("10.78.0.2"),
	}
	p.left.run(fmt.Sprintf("ip link add eth0 type veth peer name eth0 netns %d", p.right.pid))
	for n, addr := range map[*namespace]netip.Addr{p.left: p.leftAddr, p.right: p.rightAddr} {
		n.run("ip link set eth0 up")
		n.run(fmt.Sprintf("ip address add %s/24 dev eth0", addr))
	}
	return p
}

// cut lets no packet pass any more, of which nobody is told.
func (p *pair) cut() {
	p.left.t.Helper()
	p.left.run("nft add table inet cut")
	p.left.run("nft add chain inet cut in { type filter hook input priority 0 ; }")
	p.left.run("nft add chain inet cut out { type filter hook output priority 0 ; }")
	p.left.run("nft add rule inet cut in iif eth0 drop")
	p.left.run("nft add rule inet cut out oif eth0 drop")
}

func (p *pair) heal() {
	p.left.t.Helper()
	p.left.run("nft delete table inet cut")
}
