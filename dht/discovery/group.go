// SPDX-License-Identifier: GPL-3.0-or-later

package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	listenAddr = ":8888"
	port       = 8888
)

// group is the multicast group of one address family, and the box's socket in
// it. All but the socket is for one goroutine.
type group struct {
	addr      *net.UDPAddr
	socket    *net.UDPConn
	multicast multicast
	members   map[int]*member // by index of the interface
}

// multicast is what packets of both families are sent and joined by.
type multicast interface {
	JoinGroup(on *net.Interface, group net.Addr) error
	LeaveGroup(on *net.Interface, group net.Addr) error
	SetMulticastInterface(on *net.Interface) error
	SetMulticastLoopback(on bool) error
}

// member is an interface that joined the group.
type member struct {
	on      *net.Interface
	greeted bool
}

func openIPv4() (*group, error) {
	socket, err := listen("udp4")
	if err != nil {
		return nil, err
	}
	return newGroup(net.IPv4(239, 192, 0, 1), socket, ipv4.NewPacketConn(socket))
}

func openIPv6() (*group, error) {
	socket, err := listen("udp6")
	if err != nil {
		return nil, err
	}
	return newGroup(net.ParseIP("ff08::101"), socket, ipv6.NewPacketConn(socket))
}

// listen shares the port with Jami clients and other nodes on the box.
func listen(network string) (*net.UDPConn, error) {
	config := net.ListenConfig{Control: shareAddress}
	socket, err := config.ListenPacket(context.Background(), network, listenAddr)
	if err != nil {
		return nil, fmt.Errorf("opening the port of local discovery: %w", err)
	}
	return socket.(*net.UDPConn), nil
}

func newGroup(ip net.IP, socket *net.UDPConn, m multicast) (*group, error) {
	// Clients on the box itself are to hear it as well.
	if err := m.SetMulticastLoopback(true); err != nil {
		_ = socket.Close() // nothing was sent
		return nil, fmt.Errorf("preparing multicast to %s: %w", ip, err)
	}
	return &group{
		addr: &net.UDPAddr{IP: ip, Port: port}, socket: socket, multicast: m, members: make(map[int]*member),
	}, nil
}

func (g *group) close() error { return g.socket.Close() }

// follow joins on interfaces that came, sends greetings there, and leaves those
// that went. What fails is tried again next time.
func (g *group) follow(greetings [][]byte, logger *slog.Logger) {
	present, err := g.suitable()
	if err != nil {
		logger.Warn("looking at the network interfaces for local discovery", "err", err)
		return
	}
	for index, m := range g.members {
		if present[index] != nil {
			continue
		}
		// A system forgets a membership with its interface or keeps it: then it
		// counts against a limit.
		if err := g.multicast.LeaveGroup(m.on, g.addr); err != nil {
			logger.Debug("leaving a multicast group", "interface", m.on.Name, "err", err)
		}
		delete(g.members, index)
	}
	for index, on := range present {
		if g.members[index] == nil {
			if err := g.multicast.JoinGroup(on, g.addr); err != nil {
				logger.Debug("joining a multicast group", "interface", on.Name, "addr", g.addr, "err", err)
				continue
			}
			g.members[index] = &member{on: on}
		}
		if m := g.members[index]; !m.greeted {
			// A new IPv6 address cannot be used at once.
			m.greeted = !slices.ContainsFunc(greetings, func(b []byte) bool { return !g.send(b, on, logger) })
		}
	}
}

// tell sends to every interface that joined.
func (g *group) tell(datagram []byte, logger *slog.Logger) {
	for m := range maps.Values(g.members) {
		g.send(datagram, m.on, logger)
	}
}

func (g *group) send(datagram []byte, on *net.Interface, logger *slog.Logger) bool {
	err := g.multicast.SetMulticastInterface(on)
	if err == nil {
		_, err = g.socket.WriteToUDP(datagram, g.addr)
	}
	if err != nil {
		logger.Debug("sending to a multicast group", "interface", on.Name, "addr", g.addr, "err", err)
	}
	return err == nil
}

// suitable returns the interfaces, by index, on which others can be.
func (g *group) suitable() (map[int]*net.Interface, error) {
	const up = net.FlagUp | net.FlagRunning | net.FlagMulticast
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	found := make(map[int]*net.Interface)
	for i := range all {
		on := &all[i]
		if on.Flags&up != up || on.Flags&net.FlagLoopback != 0 {
			continue
		}
		addrs, err := on.Addrs()
		if err != nil {
			continue // gone meanwhile
		}
		for _, addr := range addrs {
			if network, ok := addr.(*net.IPNet); ok && g.reaches(network.IP) {
				found[on.Index] = on
			}
		}
	}
	return found, nil
}

// reaches reports whether members of the group can be reached from the address.
// IPv6 link-local ones would make the node known by an address that means
// nothing without a zone.
func (g *group) reaches(from net.IP) bool {
	if g.addr.IP.To4() != nil {
		return from.To4() != nil
	}
	return from.To4() == nil && from.IsGlobalUnicast()
}
