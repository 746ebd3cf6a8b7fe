// SPDX-License-Identifier: GPL-3.0-or-later

package discovery

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"jamibox/dht/wire"
)

const (
	// followInterval is how often the box's interfaces are looked at.
	followInterval = 5 * time.Second

	// The waits between questions double from the first to the last, as those
	// of real nodes do.
	firstSearchWait = 10 * time.Second
	lastSearchWait  = time.Minute

	// answersPerSecond bounds the answers: a question has two bytes, and its
	// sender's address may be forged.
	answersPerSecond = 100

	// readPause keeps a socket that only gives errors from taking a CPU.
	readPause = 100 * time.Millisecond
)

// Config says what to tell the local network, and what to do with its answers.
type Config struct {
	// ID, Port and Network are those of the node that is made known.
	ID      wire.ID
	Port    uint16
	Network uint32
	// Found is called with every other node that makes itself known, again each
	// time, from two goroutines. It must be quick.
	Found func(wire.Node)
	// Searching reports whether to ask the network for nodes. Asking starts
	// within five seconds, and repeats after 10, 20, 40 and 60. Nil never asks.
	Searching func() bool
}

// Beacon makes a node known on all interfaces of the box.
type Beacon struct {
	cfg         Config
	logger      *slog.Logger
	publication []byte
	answers     *rate.Limiter
	interval    time.Duration // between looks at the interfaces
}

// New returns a beacon that is dark until Run.
func New(cfg Config, logger *slog.Logger) *Beacon {
	return &Beacon{
		cfg:         cfg,
		logger:      logger,
		publication: publication{id: cfg.ID, port: cfg.Port, network: cfg.Network}.append(nil),
		answers:     rate.NewLimiter(answersPerSecond, answersPerSecond),
		interval:    followInterval,
	}
}

// Run publishes, answers and, where asked to, searches until the context ends;
// then it returns nil. It follows interfaces that come and go. It returns an
// error if UDP port 8888 can be had in neither address family.
func (b *Beacon) Run(ctx context.Context) error {
	groups, err := b.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	for _, g := range groups {
		tasks.Go(func() { b.read(ctx, g) })
	}
	b.publish(ctx, groups)
	cancel()
	for _, g := range groups {
		err = errors.Join(err, g.close())
	}
	tasks.Wait()
	return err
}

// open returns the groups of those families that the box has.
func (b *Beacon) open() ([]*group, error) {
	var groups []*group
	var failures []error
	for _, join := range []func() (*group, error){openIPv4, openIPv6} {
		g, err := join()
		if err != nil {
			failures = append(failures, err)
			continue
		}
		groups = append(groups, g)
	}
	failure := errors.Join(failures...)
	if len(groups) == 0 {
		return nil, failure
	}
	if failure != nil {
		b.logger.Info("local discovery works in one address family only", "err", failure)
	}
	return groups, nil
}

// publish tells each interface that comes of the node, and asks for others.
func (b *Beacon) publish(ctx context.Context, groups []*group) {
	look := time.NewTicker(b.interval)
	defer look.Stop()
	var search schedule
	question := appendQuery(nil)
	for {
		searching := b.cfg.Searching != nil && b.cfg.Searching()
		greetings := [][]byte{b.publication}
		if searching {
			greetings = append(greetings, question)
		}
		if search.due(searching, time.Now()) {
			for _, g := range groups {
				g.tell(question, b.logger)
			}
		}
		for _, g := range groups {
			g.follow(greetings, b.logger)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// read hears the network until the context ends and the socket is closed.
func (b *Beacon) read(ctx context.Context, g *group) {
	datagram := make([]byte, maxDatagram)
	for {
		n, from, err := g.socket.ReadFromUDPAddrPort(datagram)
		if err == nil {
			b.hear(g, datagram[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
			continue
		}
		if ctx.Err() != nil {
			return
		}
		b.logger.Debug("hearing the local network", "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(readPause):
		}
	}
}

func (b *Beacon) hear(g *group, datagram []byte, from netip.AddrPort) {
	if isQuery(datagram) {
		if !b.answers.Allow() {
			return
		}
		if _, err := g.socket.WriteToUDPAddrPort(b.publication, from); err != nil {
			b.logger.Debug("answering on the local network", "remote", from, "err", err)
		}
		return
	}
	node, err := readPublication(datagram)
	if err != nil {
		if !errors.Is(err, errNothing) {
			b.logger.Debug("unreadable publication on the local network", "remote", from, "err", err)
		}
		return
	}
	found := wire.Node{ID: node.id, Addr: netip.AddrPortFrom(from.Addr(), node.port)}
	switch {
	case node.id == b.cfg.ID, node.id.IsZero(), node.network != b.cfg.Network:
	case !wire.Possible(found.Addr):
	case from.Addr().Is6() && from.Addr().IsLinkLocalUnicast():
		// It means nothing without a zone, which node lists cannot carry.
	default:
		b.cfg.Found(found)
	}
}
