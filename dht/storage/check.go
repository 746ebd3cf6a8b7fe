// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"slices"

	"jamibox/dht/wire"
)

// Checked is a value that Check has looked at, to be handed to Store.Put.
type Checked struct {
	value   *wire.Value
	refusal Outcome // Stored if there is none so far
	// signed says that the value's owner signed it.
	signed bool
	// keys are those under which a certificate may lie.
	keys [2]wire.ID
	// port is that of a service announcement.
	port uint16
}

// Check applies the store rules of section 10 that need only the value, which
// must come from wire.ParseValue and be left alone until the put is over. It is
// safe for concurrent use, and slow for signed values: about 100 µs.
func Check(v *wire.Value) Checked {
	c := Checked{value: v}
	c.refusal = c.check()
	return c
}

func (c *Checked) check() Outcome {
	v := c.value
	if v.Size() > wire.MaxValueSize {
		return RefusedSize
	}
	switch kindOf(v.Type) {
	case kindService:
		// Only the port is kept of it, so a signature is of no interest.
		port, err := wire.ServicePort(v.Data)
		if err != nil || port == 0 {
			return RefusedService
		}
		c.port = port
		return Stored
	case kindCertificate:
		key, err := wire.CertificateKey(v.Data)
		if err != nil {
			return RefusedCertificate
		}
		c.keys = key.CertificateKeys()
		// Its key vouches for it, but it may be put over a signed value.
		c.signed = v.Verify() == nil
		return Stored
	case kindMessage:
		if service, err := wire.MessageService(v.Data); err == nil && len(service) == 0 {
			return RefusedMessage
		}
	}
	if c.signed = v.Verify() == nil; v.Signed() && !c.signed {
		return RefusedSignature
	}
	return Stored
}

// mayLie reports whether the key is one at which the value may be stored.
func (c *Checked) mayLie(key wire.ID) bool {
	return c.value.Type != wire.TypeCertificate || slices.Contains(c.keys[:], key)
}
