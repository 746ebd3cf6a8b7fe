// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"jamibox/enroll/account"
	"jamibox/enroll/admin"
	"jamibox/enroll/audit"
	"jamibox/enroll/bulk"
	"jamibox/enroll/clientcert"
	"jamibox/enroll/contacts"
	"jamibox/enroll/device"
	"jamibox/enroll/directory"
	"jamibox/enroll/directory/sources"
	"jamibox/enroll/directory/sync"
	"jamibox/enroll/group"
	"jamibox/enroll/jams"
	"jamibox/enroll/localsocket"
	"jamibox/enroll/names"
	"jamibox/enroll/organization"
	"jamibox/enroll/policy"
	"jamibox/enroll/revocation"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
	"jamibox/enroll/tlslisten"
)

// ServiceState is the state of one service of the box.
type ServiceState struct {
	Name   string    `json:"name"`
	State  string    `json:"state"`
	Since  time.Time `json:"since"`
	Detail string    `json:"detail"`
}

// Options is what a Server needs. All fields but UI must be set.
type Options struct {
	Config Config
	Store  *store.Store
	Box    *seal.Box
	// Organization is empty until the box is set up, by Server if need be.
	Organization *organization.Holder
	// Network tells clients where the relay and the DHT are.
	Network policy.Network
	// Bar is told of devices that the relay must refuse from now on; those
	// that it must refuse from the start it finds in Store.
	Bar account.Bar
	// Relay is the relay for its administrator.
	Relay admin.Relay
	// DHT is the DHT node for its administrator.
	DHT admin.DHT
	// SocketPath is where the command line reaches the server.
	SocketPath string
	// Services returns the overall state of the box and that of each service.
	Services func() (overall string, services []ServiceState)
	// Details returns what else the services tell an administrator, by name.
	Details func() map[string]any
	// Announce tells the person who started the box how to set it up.
	Announce func(url, code string)
	// UI holds the pages; nil builds without them.
	UI     fs.FS
	Logger *slog.Logger
}

// Server is the enrolment service.
type Server struct {
	o        Options
	proxies  clientcert.Proxies
	keys     *account.KeyPool
	accounts *account.Service
	sources  *sources.Registry
	devices  *device.Service
	sync     *sync.Job
	jams     *jams.Face
	admin    *admin.Face
	setup    *Setup
	tls      *tlsSource
	ready    atomic.Pointer[running]
}

// running is what exists only while Run serves.
type running struct {
	https, http net.Addr
	listener    *tlslisten.Listener
}

// New returns a server that is not running. It returns what is wrong with the
// configuration.
func New(o Options) (*Server, error) {
	proxies, err := clientcert.ParseProxies(o.Config.Server.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("server.trusted_proxies: %w", err)
	}
	log := audit.New(o.Store, o.Logger)
	s := &Server{o: o, proxies: proxies}
	s.keys = account.NewKeyPool(o.Store, o.Box, o.Organization, o.Logger)
	s.accounts = account.New(o.Store, o.Box, o.Organization, s.keys, log, o.Bar, o.Logger)
	s.sources = sources.New(o.Store, o.Box, log, o.Logger)
	s.accounts.UseSources(s.sources)
	groups := group.New(o.Store, log)
	s.devices = device.New(o.Store, s.accounts, groups, o.Organization, log, o.Bar, s.revocationURLs, o.Logger)
	s.sync = s.newSync(groups, log)
	s.tls = newTLSSource(o)
	s.setup = NewSetup(o.Store, o.Box, o.Organization, s.accounts, log, o.Config, s.tls.load)
	settings := policy.New(o.Store, o.Box, o.Network, log)
	s.jams = &jams.Face{
		Accounts: s.accounts, Devices: s.devices, Contacts: contacts.New(o.Store, o.Logger),
		Directory: directory.New(o.Store, groups, searchable{s.sources}, o.Logger), Names: names.New(o.Store, forwarder(o.Config.Server)), Policy: settings,
		Revocation: revocation.New(o.Store, s.accounts, o.Organization), Store: o.Store,
		ClientCertificate: s.clientCertificate, Logger: o.Logger,
	}
	s.admin = &admin.Face{
		Accounts: s.accounts, Devices: s.devices, Groups: groups, Bulk: bulk.New(o.Store, o.Box, s.accounts, groups, o.Organization, log, o.Logger), Sources: s.sources, Sync: s.sync, Policy: settings, Org: o.Organization, Store: o.Store,
		Registrar: organization.NewRegistrar(o.Store, o.Organization, log), Revocation: s.jams.Revocation, Audit: log,
		Setup: s.setup, Relay: o.Relay, DHT: o.DHT, Status: s.status, RootPEM: s.tls.rootPEM, Logger: o.Logger,
	}
	return s, nil
}

// Name returns the name of the service.
func (s *Server) Name() string { return "enroll" }

// Run serves until ctx is done, then lets running requests end. It may be
// called again after it returned.
func (s *Server) Run(ctx context.Context, ready func()) error {
	group, ctx := errgroup.WithContext(ctx)
	if err := s.tls.load(ctx); err != nil {
		return err
	}
	if err := s.admin.Policy.Seal(ctx); err != nil {
		return err
	}
	if err := s.sources.Load(ctx); err != nil {
		return err
	}
	defer s.closeSources()
	faces, err := s.listen(ctx)
	if err != nil {
		return err
	}
	defer s.ready.Store(nil)
	for _, f := range faces {
		group.Go(func() error { return f.serve(ctx) })
	}
	group.Go(func() error { return s.tls.run(ctx) })
	group.Go(func() error { return s.keys.Run(ctx) })
	group.Go(func() error { return s.sources.Run(ctx) })
	group.Go(func() error { return s.sync.Run(ctx) })
	group.Go(func() error { return s.admin.Bulk.Run(ctx) })
	group.Go(func() error { return s.upkeep(ctx) })
	if _, err := s.o.Organization.Current(); err != nil {
		s.o.Announce(s.setupURL(), s.setup.Code())
	}
	ready()
	return group.Wait()
}

// SetUp sets the box up on behalf of whoever is at its command line.
func (s *Server) SetUp(ctx context.Context, r admin.SetupRequest) error {
	return s.setup.SetUp(audit.With(ctx, audit.Actor{Name: "local"}), r)
}

// Check proves that the server can enrol: database, CA and certificate, and that
// the directories are followed.
func (s *Server) Check(ctx context.Context) error {
	if err := s.o.Store.Ping(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	if since, open := s.devices.Breaker().Open(); open {
		return fmt.Errorf("since %s many devices present certificates that are not known here or have expired; "+
			"they are put off instead of refused (jamibox device reset-breaker once the cause is clear)", since.Format(time.RFC3339))
	}
	if err := s.tls.err(); err != nil {
		return err
	}
	return s.sync.Alarm(ctx)
}

// Revocation returns what is revoked, for other services of the box.
func (s *Server) Revocation() *revocation.Service { return s.jams.Revocation }

// CertificateEnd returns until when the TLS certificate is good; false while
// there is none.
func (s *Server) CertificateEnd() (time.Time, bool) {
	info, ok := s.tls.identity.Current()
	return info.NotAfter, ok
}

// Addrs returns the addresses of the HTTPS and the plain HTTP face; nil while
// they are not served.
func (s *Server) Addrs() (https, http net.Addr) {
	if r := s.ready.Load(); r != nil {
		return r.https, r.http
	}
	return nil, nil
}

// Certificate finds the certificate that the box serves TLS with at present, for
// other services of the box.
func (s *Server) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.tls.identity.GetCertificate(hello)
}

// listen opens all faces or none.
func (s *Server) listen(ctx context.Context) (faces []*face, err error) {
	defer func() {
		if err != nil {
			for _, f := range faces {
				err = errors.Join(err, f.listener.Close())
			}
		}
	}()
	var lc net.ListenConfig
	inner, err := lc.Listen(ctx, "tcp", s.o.Config.Server.Listen)
	if err != nil {
		return nil, listenError("server.listen", s.o.Config.Server.Listen, err)
	}
	secure := tlslisten.New(inner, tlslisten.ServerConfig(s.tls.identity.GetCertificate), tlslisten.Options{Logger: s.o.Logger})
	public := s.publicHandler()
	faces = append(faces, newFace("https", requestLines{secure}, public))
	r := &running{https: inner.Addr(), listener: secure}
	if addr := s.o.Config.Server.HTTPListen; addr != "" {
		plain, err := lc.Listen(ctx, "tcp", addr)
		if err != nil {
			return faces, listenError("server.http_listen", addr, err)
		}
		r.http = plain.Addr()
		faces = append(faces, newFace("http", requestLines{plain}, s.plainHandler(public)))
	}
	local, err := localsocket.Listen(ctx, s.o.SocketPath)
	if err != nil {
		return faces, err
	}
	faces = append(faces, newFace("socket", local, s.localHandler()))
	s.ready.Store(r)
	return faces, nil
}
