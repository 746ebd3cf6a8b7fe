// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"jamibox/appliance/config"
	"jamibox/appliance/datadir"
	"jamibox/appliance/metrics"
	"jamibox/appliance/supervisor"
	"jamibox/dht/proxy"
	"jamibox/enroll"
	"jamibox/enroll/admin"
	"jamibox/enroll/organization"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
	"jamibox/ui"
)

// The files in the data folder.
const (
	databaseFile = "jamibox.db"
	keyFile      = "master.key"
	// SocketFile is where the command line reaches a running box.
	SocketFile = "jamibox.sock"
	dhtFolder  = "dht"
)

// Appliance is the whole box.
type Appliance struct {
	dir        *datadir.Dir
	store      *store.Store
	org        *organization.Holder
	enroll     *enroll.Server
	relay      *relay
	dht        *bootstrap
	proxy      *proxy.Server // of the DHT; nil if there is none
	metrics    *metrics.Server
	supervisor *supervisor.Supervisor
}

// Open locks the data folder, opens what lies in it and builds the services.
// Nothing runs yet. announce is told how to set the box up, if it is not.
// Close must be called in the end.
func Open(ctx context.Context, cfg config.Config, logger *slog.Logger, announce func(url, code string)) (_ *Appliance, err error) {
	a := &Appliance{org: organization.NewHolder()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.dir, err = datadir.Open(cfg.DataDir); err != nil {
		return nil, err
	}
	if w := a.dir.Warning(); w != "" {
		logger.Warn(w)
	}
	box, err := seal.Open(a.dir.Path(keyFile))
	if err != nil {
		return nil, fmt.Errorf("opening the master key: %w", err)
	}
	if a.store, err = store.Open(a.dir.Path(databaseFile)); err != nil {
		return nil, err
	}
	org, err := organization.Load(ctx, a.store, box)
	switch {
	case err == nil:
		a.org.Set(org)
	case !errors.Is(err, organization.ErrNotSetUp):
		return nil, fmt.Errorf("loading the organisation: %w", err)
	}
	pages, err := ui.Pages()
	if err != nil {
		return nil, fmt.Errorf("opening the pages: %w", err)
	}
	a.relay = newRelay(cfg.Turn, a.org, logger.With("service", "turn"))
	if err := a.relay.loadDenied(ctx, a.store); err != nil {
		return nil, err
	}
	a.supervisor = supervisor.New(supervisor.Options{Logger: logger})
	revoked := make(chan struct{}, 1)
	enrollConfig := enroll.Config{Server: cfg.Server, TLS: cfg.TLS}
	a.enroll, err = enroll.New(enroll.Options{
		Config: enrollConfig, Store: a.store, Box: box, Organization: a.org,
		Network: network{cfg: cfg, org: a.org, relay: a.relay}, Bar: barNotice{a.relay, revoked}, Relay: a.relayAdmin(box, logger), DHT: a.dhtAdmin(),
		SocketPath: a.dir.Path(SocketFile), Services: a.services, Details: a.details,
		Announce: announce, UI: pages, Logger: logger.With("service", "enroll"),
	})
	if err != nil {
		return nil, err
	}
	a.relay.certificate = a.enroll.Certificate
	a.supervisor.Add(a.enroll, supervisor.ServiceOptions{Critical: true})
	if cfg.Turn.Enabled {
		a.supervisor.Add(a.relay, supervisor.ServiceOptions{Wait: a.org.SetUp(), WaitDetail: "waits for the set-up"})
	}
	if cfg.DHT.Enabled {
		if a.dht, err = newBootstrap(cfg, a.dir.Path(dhtFolder), a.enroll.Revocation(), revoked, logger.With("service", "dht")); err != nil {
			return nil, err
		}
		a.supervisor.Add(a.dht, supervisor.ServiceOptions{})
		if a.proxy = a.dht.Proxy(a.enroll.Certificate, logger.With("service", "dht-proxy")); a.proxy != nil {
			a.supervisor.Add(a.proxy, supervisor.ServiceOptions{Wait: a.org.SetUp(), WaitDetail: "waits for the set-up"})
		}
	}
	if cfg.Metrics.Listen != "" {
		if a.metrics, err = a.newMetrics(cfg.Metrics, logger.With("service", "metrics")); err != nil {
			return nil, err
		}
		a.supervisor.Add(a.metrics, supervisor.ServiceOptions{})
	}
	return a, nil
}

// Run runs the services until ctx is done or enrolment fails for good.
func (a *Appliance) Run(ctx context.Context) error { return a.supervisor.Run(ctx) }

// SetUp sets the box up without running it.
func (a *Appliance) SetUp(ctx context.Context, r admin.SetupRequest) error {
	return a.enroll.SetUp(ctx, r)
}

// Changed returns a channel that is closed at the next change of any service.
func (a *Appliance) Changed() <-chan struct{} { return a.supervisor.Changed() }

// Ready tells whether all services run, or wait for the set-up.
func (a *Appliance) Ready() bool { return a.supervisor.Ready() }

// Enroll returns the enrolment server.
func (a *Appliance) Enroll() *enroll.Server { return a.enroll }

// Metrics returns where Prometheus asks; nil if that is off.
func (a *Appliance) Metrics() *metrics.Server { return a.metrics }

// Store returns the database, for measurements.
func (a *Appliance) Store() *store.Store { return a.store }

// Close closes what Open opened; the store last but the lock.
func (a *Appliance) Close() error {
	var err error
	if a.store != nil {
		err = a.store.Close()
	}
	if a.dir != nil {
		err = errors.Join(err, a.dir.Close())
	}
	return err
}

func (a *Appliance) services() (string, []enroll.ServiceState) {
	statuses := a.supervisor.Status()
	states := make([]enroll.ServiceState, len(statuses))
	for i, s := range statuses {
		states[i] = enroll.ServiceState{Name: s.Name, State: string(s.State), Since: s.Since, Detail: s.Detail}
	}
	return a.supervisor.Overall(), states
}

func (a *Appliance) details() map[string]any {
	details := map[string]any{}
	if status, ok := a.relay.status(); ok {
		details["turn"] = status
	}
	if a.dht != nil {
		details["dht"] = a.dht.Status()
		details["revocation_lists"] = a.dht.announcements()
	}
	if a.proxy != nil {
		details["dht_proxy"] = a.proxy.Stats()
	}
	return details
}
