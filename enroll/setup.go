// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/admin"
	"jamibox/enroll/audit"
	"jamibox/enroll/organization"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
	"jamibox/enroll/tlsidentity"
)

// Setup does the set-up, over HTTP with a one-time code or from the command
// line. It is safe for concurrent use.
type Setup struct {
	store    *store.Store
	box      *seal.Box
	org      *organization.Holder
	accounts *account.Service
	audit    *audit.Log
	cfg      Config
	// serve has the new certificate served, before the set-up is answered.
	serve func(context.Context) error
	code  string
	mu    sync.Mutex // one set-up at a time
}

// NewSetup returns the set-up with a fresh code. serve is called once all is stored.
func NewSetup(s *store.Store, box *seal.Box, org *organization.Holder, accounts *account.Service, log *audit.Log,
	cfg Config, serve func(context.Context) error,
) *Setup {
	text := rand.Text()
	return &Setup{
		store: s, box: box, org: org, accounts: accounts, audit: log, cfg: cfg, serve: serve,
		code: text[:4] + "-" + text[4:8] + "-" + text[8:12],
	}
}

// Code returns the one-time code, for the person at the box.
func (s *Setup) Code() string { return s.code }

// Allowed tells whether code is the one-time code; case and dashes do not count.
func (s *Setup) Allowed(code string) bool {
	plain := func(text string) []byte {
		return []byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(text)))
	}
	return subtle.ConstantTimeCompare(plain(code), plain(s.code)) == 1
}

// SetUp creates the organisation, its administrator and the TLS identity. A
// run that is cut off can be repeated: the organisation and the administrator
// are stored together, last. Errors: admin.ErrInvalidPlan,
// organization.ErrSetUp; any other is a fault of the server.
func (s *Setup) SetUp(ctx context.Context, r admin.SetupRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.org.Current(); err == nil {
		return organization.ErrSetUp
	}
	plan := r.Plan()
	if plan.PublicURL == "" {
		plan.PublicURL = s.cfg.Server.PublicURL
	}
	if len(plan.Advertise) == 0 {
		plan.Advertise = defaultAdvertise(plan.PublicURL)
	}
	problems := []error{plan.Validate()}
	first, err := s.accounts.NewAdministrator(ctx, r.Admin, r.AdminPassword)
	if errors.Is(err, account.ErrInvalid) {
		problems = append(problems, fmt.Errorf("admin: %w", err))
	} else if err != nil {
		return err
	}
	if plan.TLS != (organization.TLSFiles{}) {
		if _, err := tlsidentity.LoadFiles(filesConfig(plan.TLS)); err != nil {
			problems = append(problems, fmt.Errorf("tls: %w", err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w:\n%w", admin.ErrInvalidPlan, err)
	}
	if plan.TLS.Certificate == "" && s.cfg.TLS.Mode != tlsidentity.SourceFiles {
		if err := s.makeIdentity(ctx, plan); err != nil {
			return err
		}
	}
	org, err := organization.Create(ctx, s.store, s.box, plan, first)
	if err != nil {
		return err
	}
	s.org.Set(org)
	s.audit.Record(ctx, "set up", org.Name, org.PublicURL)
	return s.serve(ctx)
}

func (s *Setup) makeIdentity(ctx context.Context, plan organization.Plan) error {
	names := append(append([]string(nil), s.cfg.TLS.Names...), plan.Advertise...)
	m, err := tlsidentity.NewMaterial(plan.Name, tlsidentity.BoxNames(names, plan.PublicURL), time.Now())
	if err != nil {
		return fmt.Errorf("making the TLS identity: %w", err)
	}
	if err := (tlsKeeper{s.store, s.box}).SaveTLS(ctx, m); err != nil {
		return fmt.Errorf("storing the TLS identity: %w", err)
	}
	return nil
}

// defaultAdvertise returns the addresses of the box that clients are told
// where an administrator names none: the one in the public URL, else all that
// are not loopback.
func defaultAdvertise(publicURL string) []string {
	if u, err := url.Parse(publicURL); err == nil {
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
			return []string{ip.String()}
		}
	}
	var found []string
	for _, name := range tlsidentity.BoxNames(nil, "") {
		if ip, err := netip.ParseAddr(name); err == nil && !ip.IsLoopback() {
			found = append(found, ip.String())
		}
	}
	return found
}
