// SPDX-License-Identifier: GPL-3.0-or-later

package organization

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"jamibox/enroll/pki"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

// ErrNotSetUp tells that the box has no organisation yet.
var ErrNotSetUp = errors.New("jamibox is not set up yet")

// ErrSetUp tells that the box has an organisation already.
var ErrSetUp = errors.New("jamibox is set up already")

// Settings is what an administrator decided at set-up, as it is stored.
type Settings struct {
	Name string `json:"name"`
	// PublicURL is the https:// URL that clients type.
	PublicURL string `json:"public_url"`
	// Advertise holds the IP addresses at which clients reach the box.
	Advertise       []string `json:"advertise"`
	DeviceLifetime  Lifetime `json:"device_lifetime"`
	AccountLifetime Lifetime `json:"account_lifetime"`
	// CRLLifetime is the time from a revocation list to its nextUpdate.
	CRLLifetime    Lifetime  `json:"crl_lifetime"`
	AccountKeyBits int       `json:"account_key_bits"`
	SetUpAt        time.Time `json:"set_up_at"`
}

// Organization is the loaded whole. It is never changed after loading; what
// changes is handed out in a new one.
type Organization struct {
	Settings
	CA pki.Issuer
	// TLS names the files of the server's TLS certificate; empty where the box
	// makes its own.
	TLS TLSFiles
	// Relay holds the master secrets of the relay's credentials.
	Relay RelaySecrets
}

// TLSFiles says where a TLS certificate that was made elsewhere lies.
type TLSFiles struct {
	Certificate string `json:"certificate,omitempty"`
	Key         string `json:"key,omitempty"`
	Passphrase  string `json:"passphrase,omitempty"`
	CAFile      string `json:"ca_file,omitempty"`
}

// The names under which the settings lie in the store.
const (
	settingsName    = "organization"
	certificateName = "organization ca certificate"
	keyName         = "organization ca key"
	relayName       = "relay secret"
	// The secrets after a rotation, beside the first, which goes on making names.
	relayRotatedName = "relay rotated secrets"
	tlsFilesName     = "tls files"
)

// Load reads the organisation; ErrNotSetUp if there is none.
func Load(ctx context.Context, s *store.Store, box *seal.Box) (*Organization, error) {
	text, err := s.Setting(ctx, settingsName)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotSetUp
	}
	if err != nil {
		return nil, fmt.Errorf("reading the organisation's settings: %w", err)
	}
	org := new(Organization)
	if err := json.Unmarshal(text, &org.Settings); err != nil {
		return nil, fmt.Errorf("reading the organisation's settings: %w", err)
	}
	cert, err := s.Setting(ctx, certificateName)
	if err != nil {
		return nil, fmt.Errorf("reading the CA certificate: %w", err)
	}
	der, err := unsealSetting(ctx, s, box, keyName)
	if err != nil {
		return nil, fmt.Errorf("reading the CA key: %w", err)
	}
	key, err := pki.ParsePrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading the CA key: %w", err)
	}
	if org.CA, err = pki.NewIssuer(cert, key); err != nil {
		return nil, fmt.Errorf("reading the CA: %w", err)
	}
	if org.Relay, err = loadRelaySecrets(ctx, s, box); err != nil {
		return nil, fmt.Errorf("reading the relay secrets: %w", err)
	}
	files, err := unsealSetting(ctx, s, box, tlsFilesName)
	if err != nil {
		return nil, fmt.Errorf("reading where the TLS certificate lies: %w", err)
	}
	if err := json.Unmarshal(files, &org.TLS); err != nil {
		return nil, fmt.Errorf("reading where the TLS certificate lies: %w", err)
	}
	return org, nil
}

func unsealSetting(ctx context.Context, s *store.Store, box *seal.Box, name string) ([]byte, error) {
	sealed, err := s.Setting(ctx, name)
	if err != nil {
		return nil, err
	}
	return box.Unseal(sealed, name)
}

// Holder hands out the organisation, from the moment there is one. It is safe
// for concurrent use.
type Holder struct {
	current atomic.Pointer[Organization]
	setUp   chan struct{}
	// changing is held by whoever stores and hands out something new: one at a time.
	changing sync.Mutex
}

// NewHolder returns an empty holder.
func NewHolder() *Holder { return &Holder{setUp: make(chan struct{})} }

// Current returns the organisation, or ErrNotSetUp.
func (h *Holder) Current() (*Organization, error) {
	if org := h.current.Load(); org != nil {
		return org, nil
	}
	return nil, ErrNotSetUp
}

// SetUp returns a channel that is closed once there is an organisation.
func (h *Holder) SetUp() <-chan struct{} { return h.setUp }

// Set puts the organisation in, once.
func (h *Holder) Set(org *Organization) {
	if h.current.CompareAndSwap(nil, org) {
		close(h.setUp)
	}
}
