// SPDX-License-Identifier: GPL-3.0-or-later

package organization

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jamibox/enroll/audit"
	"jamibox/enroll/store"
)

// ErrLifetime tells that a lifetime cannot be; the text says which and why.
var ErrLifetime = errors.New("invalid lifetime")

// Lifetimes is what an administrator may change of Settings after the set-up.
// It counts for what is issued from then on. Zero leaves one as it is.
type Lifetimes struct {
	Device  Lifetime `json:"device_lifetime"`
	Account Lifetime `json:"account_lifetime"`
	// CRL is the time from a revocation list to its nextUpdate.
	CRL Lifetime `json:"crl_lifetime"`
}

// Registrar changes the organisation's lifetimes. It is safe for concurrent use.
type Registrar struct {
	store *store.Store
	org   *Holder
	audit *audit.Log
	now   func() time.Time
}

// NewRegistrar returns a registrar of what org holds.
func NewRegistrar(s *store.Store, org *Holder, log *audit.Log) *Registrar {
	return &Registrar{store: s, org: org, audit: log, now: time.Now}
}

// SetLifetimes stores the lifetimes and has the holder hand them out. Where
// that of revocation lists changed, all lists are made anew when they are next
// asked for. Errors: ErrLifetime, ErrNotSetUp; any other is a fault of the server.
func (r *Registrar) SetLifetimes(ctx context.Context, l Lifetimes) (Settings, error) {
	r.org.changing.Lock()
	defer r.org.changing.Unlock()
	org, err := r.org.Current()
	if err != nil {
		return Settings{}, err
	}
	next := org.Settings
	for _, f := range []struct {
		to   *Lifetime
		from Lifetime
	}{{&next.DeviceLifetime, l.Device}, {&next.AccountLifetime, l.Account}, {&next.CRLLifetime, l.CRL}} {
		if f.from != 0 {
			*f.to = f.from
		}
	}
	// What a CA issues must end before the CA does.
	left := Lifetime(org.CA.Certificate.NotAfter.Sub(r.now()).Truncate(time.Second))
	if err := errors.Join(
		inRange("device_lifetime", next.DeviceLifetime, Lifetime(time.Second), next.AccountLifetime),
		inRange("account_lifetime", next.AccountLifetime, next.DeviceLifetime, left),
		inRange("crl_lifetime", next.CRLLifetime, Lifetime(time.Minute), maxLifetime),
	); err != nil {
		return Settings{}, fmt.Errorf("%w: %w", ErrLifetime, err)
	}
	text, err := json.Marshal(next)
	if err != nil {
		return Settings{}, fmt.Errorf("encoding the organisation's settings: %w", err)
	}
	if err := r.store.SetSetting(ctx, settingsName, text); err != nil {
		return Settings{}, fmt.Errorf("storing the organisation's settings: %w", err)
	}
	changed := *org
	changed.Settings = next
	r.org.current.Store(&changed)
	if next.CRLLifetime != org.CRLLifetime {
		if err := r.store.OutdateRevocationLists(ctx); err != nil {
			return Settings{}, fmt.Errorf("having the revocation lists made anew: %w", err)
		}
	}
	r.audit.Record(ctx, "lifetimes changed", next.Name,
		fmt.Sprintf("devices %s, accounts %s, revocation lists %s", next.DeviceLifetime, next.AccountLifetime, next.CRLLifetime))
	return next, nil
}

// inRange returns what is wrong with a lifetime that is outside of its bounds.
func inRange(name string, value, least, most Lifetime) error {
	if value < least || value > most {
		return fmt.Errorf("%s: %s: between %s and %s is needed", name, value, least, most)
	}
	return nil
}
