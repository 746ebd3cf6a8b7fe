// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"context"
	"log/slog"
	"sync"

	"jamibox/appliance/announce"
	"jamibox/appliance/config"
	"jamibox/dht"
	"jamibox/enroll/account"
)

// bootstrap is the DHT node, which announces revocation lists while it runs.
type bootstrap struct {
	*dht.Service
	announcer *announce.Announcer // nil if the node takes no values from us
	logger    *slog.Logger
	tell      sync.Once
}

// newBootstrap returns a node that is not running. Its announcer looks for new
// lists when something comes through revoked.
func newBootstrap(cfg config.Config, folder string, lists announce.Lists, revoked <-chan struct{}, logger *slog.Logger) (*bootstrap, error) {
	service, err := dht.New(cfg.DHT, folder, logger)
	if err != nil {
		return nil, err
	}
	b := &bootstrap{Service: service, logger: logger}
	if cfg.DHT.Engine == dht.EngineBuiltin {
		b.announcer = announce.New(lists, service, revoked, logger)
	}
	return b, nil
}

// Run implements supervisor.Service.
func (b *bootstrap) Run(ctx context.Context, ready func()) error {
	if b.announcer == nil {
		b.tell.Do(func() { b.logger.Warn("revocation lists are not announced", "err", dht.ErrNoPut) })
		return b.Service.Run(ctx, ready)
	}
	var announcing sync.WaitGroup
	defer announcing.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return b.Service.Run(ctx, func() {
		announcing.Go(func() { b.announcer.Run(ctx) })
		ready()
	})
}

func (b *bootstrap) announcements() announce.Status {
	if b.announcer == nil {
		return announce.Status{Error: dht.ErrNoPut.Error()}
	}
	return b.announcer.Status()
}

// barNotice has the announcer look for new lists whenever a device is barred,
// which may be for a revocation.
type barNotice struct {
	account.Bar
	revoked chan<- struct{}
}

// Deny implements account.Bar.
func (b barNotice) Deny(deviceID string) {
	b.Bar.Deny(deviceID)
	select {
	case b.revoked <- struct{}{}:
	default: // it has yet to look anyway
	}
}
