// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ServerAddr is the address of the server that stays the same however a client
// reaches it. It lies on the loopback interface of the server's namespace.
const ServerAddr = "10.77.0.1"

// prefix begins the name of each namespace; the process id of the test follows,
// by which Sweep knows the leftovers of a killed run.
const prefix = "jbe2e"

// Lab is a server namespace between two client networks.
type Lab struct {
	Server *Namespace // 10.77.0.1, 10.77.1.1, 10.77.2.1; forwards between the others
	Left   *Namespace // 10.77.1.2/24
	Right  *Namespace // 10.77.2.2/24
}

// New makes the namespaces and the links between them. It needs root and the
// program ip. The caller closes the lab; after an error nothing is left.
func New(ctx context.Context) (*Lab, error) {
	if err := Sweep(ctx); err != nil {
		return nil, err
	}
	id := make([]byte, 3)
	if _, err := rand.Read(id); err != nil {
		return nil, fmt.Errorf("naming the namespaces: %w", err)
	}
	stem := fmt.Sprintf("%s-%d-%s-", prefix, os.Getpid(), hex.EncodeToString(id))
	l := &Lab{
		Server: &Namespace{name: stem + "server"},
		Left:   &Namespace{name: stem + "left"},
		Right:  &Namespace{name: stem + "right"},
	}
	if err := l.build(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close kills what still runs in the namespaces and removes them.
func (l *Lab) Close() error {
	var errs []error
	for _, n := range []*Namespace{l.Left, l.Right, l.Server} {
		errs = append(errs, n.remove(context.Background()))
	}
	return errors.Join(errs...)
}

func (l *Lab) build(ctx context.Context) error {
	for _, n := range []*Namespace{l.Server, l.Left, l.Right} {
		if err := ip(ctx, "netns", "add", n.name); err != nil {
			return err
		}
		// The ICE library of the 2023 client hangs for ever while it lists IPv6
		// addresses on kernels that send the end of the list in the same
		// datagram; without any IPv6 address the list is nothing but its end.
		if err := n.Run(ctx, "sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"); err != nil {
			return err
		}
		if err := ip(ctx, "-n", n.name, "link", "set", "lo", "up"); err != nil {
			return err
		}
	}
	if err := ip(ctx, "-n", l.Server.name, "addr", "add", ServerAddr+"/32", "dev", "lo"); err != nil {
		return err
	}
	if err := l.Server.Run(ctx, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"); err != nil {
		return err
	}
	if err := l.connect(ctx, l.Left, "left", "10.77.1"); err != nil {
		return err
	}
	return l.connect(ctx, l.Right, "right", "10.77.2")
}

// connect links a client namespace to the server's by a pair of interfaces.
func (l *Lab) connect(ctx context.Context, n *Namespace, link, subnet string) error {
	n.addr = subnet + ".2"
	steps := []string{
		fmt.Sprintf("-n %s link add %s type veth peer name eth0 netns %s", l.Server.name, link, n.name),
		fmt.Sprintf("-n %s addr add %s.1/24 dev %s", l.Server.name, subnet, link),
		fmt.Sprintf("-n %s link set %s up", l.Server.name, link),
		fmt.Sprintf("-n %s addr add %s/24 dev eth0", n.name, n.addr),
		fmt.Sprintf("-n %s link set eth0 up", n.name),
		fmt.Sprintf("-n %s route add 10.77.0.0/16 via %s.1", n.name, subnet),
	}
	for _, step := range steps {
		if err := ip(ctx, strings.Fields(step)...); err != nil {
			return err
		}
	}
	return nil
}

// Route sends what a client network has for a subnet to its link, without a
// router.
func (l *Lab) Route(ctx context.Context, n *Namespace, subnet string) error {
	return ip(ctx, "-n", n.name, "route", "add", subnet, "dev", "eth0")
}
