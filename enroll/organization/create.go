// SPDX-License-Identifier: GPL-3.0-or-later

package organization

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"jamibox/enroll/pki"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

// Plan is what an administrator asks for at set-up. Zero fields other than
// Name and PublicURL get their defaults.
type Plan struct {
	Settings
	// Subject is the CA's; an empty common name becomes "NAME CA".
	Subject pki.Subject
	// CAKeyType is "rsa-4096" unless given.
	CAKeyType  string
	CALifetime Lifetime
	// TLS is not read here; the caller has tried the files.
	TLS TLSFiles
}

// WithDefaults returns the plan with its gaps filled.
func (p Plan) WithDefaults() Plan {
	p.Name = strings.TrimSpace(p.Name)
	p.PublicURL = strings.TrimRight(strings.TrimSpace(p.PublicURL), "/")
	setDefault(&p.CAKeyType, "rsa-4096")
	setDefault(&p.CALifetime, 30*year)
	setDefault(&p.AccountLifetime, 20*year)
	setDefault(&p.DeviceLifetime, 2*year)
	setDefault(&p.CRLLifetime, 7*day)
	setDefault(&p.AccountKeyBits, 4096)
	setDefault(&p.Subject.Organization, p.Name)
	setDefault(&p.Subject.CommonName, p.Name+" CA")
	return p
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate returns all that is wrong with a plan, joined; each problem names
// its field, the value and what was expected.
func (p Plan) Validate() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if n := utf8.RuneCountInString(p.Name); n == 0 || n > 60 || !utf8.ValidString(p.Name) || strings.ContainsFunc(p.Name, unicode.IsControl) {
		bad("organization: %q: a name of 1 to 60 characters is needed", p.Name)
	}
	u, err := url.Parse(p.PublicURL)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		bad("public_url: %q: a URL such as https://box.example:8443 is needed", p.PublicURL)
	// Clients look at the letters: to them HTTPS:// is no scheme.
	case !strings.HasPrefix(p.PublicURL, "https://"):
		bad("public_url: %q: it must begin with https://, since devices log in by TLS certificate", p.PublicURL)
	case u.Port() != "" && !isPort(u.Port()):
		bad("public_url: %q: a port from 1 to 65535 is needed", p.PublicURL)
	// Clients write the whole address of the name server in lower case.
	case u.Path != strings.ToLower(u.Path):
		bad("public_url: %q: the path must be in lower case", p.PublicURL)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		bad("public_url: %q: no query, fragment or user is allowed", p.PublicURL)
	}
	for _, text := range p.Advertise {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Unmap().IsUnspecified() || a.Unmap().IsMulticast() || a.Zone() != "" {
			bad("advertise: %q: an IP address at which clients reach the box is needed", text)
		}
	}
	if _, err := pki.ParseKeyType(p.CAKeyType); err != nil {
		bad("ca_key_type: %w", err)
	}
	if err := p.Subject.Validate(); err != nil {
		bad("ca_subject: %w", err)
	}
	switch p.AccountKeyBits {
	case 2048, 3072, 4096:
	default:
		bad("account_key_bits: %d: 2048, 3072 or 4096 is needed", p.AccountKeyBits)
	}
	for _, l := range []struct {
		name  string
		value Lifetime
		least Lifetime
	}{
		{"device_lifetime", p.DeviceLifetime, Lifetime(time.Second)},
		{"account_lifetime", p.AccountLifetime, p.DeviceLifetime},
		{"ca_lifetime", p.CALifetime, p.AccountLifetime},
		{"crl_lifetime", p.CRLLifetime, Lifetime(time.Minute)},
	} {
		if err := inRange(l.name, l.value, l.least, maxLifetime); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// Create makes the organisation's CA and secrets and stores them together with
// the first administrator in one transaction: a run that is cut off leaves
// nothing and can be repeated. Errors: ErrSetUp, or what Validate found.
func Create(ctx context.Context, s *store.Store, box *seal.Box, plan Plan, admin store.Administrator) (*Organization, error) {
	if _, err := Load(ctx, s, box); err == nil {
		return nil, ErrSetUp
	} else if !errors.Is(err, ErrNotSetUp) {
		return nil, err
	}
	plan = plan.WithDefaults()
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	keyType, err := pki.ParseKeyType(plan.CAKeyType)
	if err != nil {
		return nil, err
	}
	key, err := pki.GenerateKey(keyType)
	if err != nil {
		return nil, fmt.Errorf("making the CA key: %w", err)
	}
	now := time.Now().UTC()
	ca, err := pki.NewOrganizationCA(key, plan.Subject, pki.ValidFor(now, plan.CALifetime.Duration()))
	if err != nil {
		return nil, fmt.Errorf("making the CA: %w", err)
	}
	der, err := pki.MarshalPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the CA key: %w", err)
	}
	secret := make([]byte, relaySecretSize)
	rand.Read(secret)
	org := &Organization{Settings: plan.Settings, CA: ca, TLS: plan.TLS, Relay: RelaySecrets{Names: secret, Current: secret}}
	org.SetUpAt = now
	text, err := json.Marshal(org.Settings)
	if err != nil {
		return nil, fmt.Errorf("encoding the settings: %w", err)
	}
	files, err := json.Marshal(plan.TLS)
	if err != nil {
		return nil, fmt.Errorf("encoding where the TLS certificate lies: %w", err)
	}
	err = s.SetUp(ctx, admin, map[string][]byte{
		settingsName:    text,
		certificateName: ca.Certificate.Raw,
		keyName:         box.Seal(der, keyName),
		relayName:       box.Seal(secret, relayName),
		tlsFilesName:    box.Seal(files, tlsFilesName),
	})
	if errors.Is(err, store.ErrExists) {
		return nil, ErrSetUp
	}
	if err != nil {
		return nil, fmt.Errorf("storing the organisation: %w", err)
	}
	return org, nil
}
