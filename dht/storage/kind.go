// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"time"

	"jamibox/dht/wire"
)

// kind is a value type of which nodes know rules, or the rest of them.
type kind uint8

const (
	kindUserData kind = iota
	kindMessage
	kindService
	kindInstantMessage
	kindTrustRequest
	kindICE
	kindCertificate
	kindOther

	kinds = iota
)

func kindOf(valueType uint16) kind {
	switch valueType {
	case wire.TypeUserData:
		return kindUserData
	case wire.TypeMessage:
		return kindMessage
	case wire.TypeService:
		return kindService
	case wire.TypeInstantMessage:
		return kindInstantMessage
	case wire.TypeTrustRequest:
		return kindTrustRequest
	case wire.TypeICE:
		return kindICE
	case wire.TypeCertificate:
		return kindCertificate
	default:
		return kindOther
	}
}

// String returns the name in one or two words, for labels.
func (k kind) String() string {
	return [kinds]string{
		"user data", "message", "service", "instant message", "trust request", "ICE candidates", "certificate", "other",
	}[k]
}

func (k kind) life() time.Duration {
	switch k {
	case kindMessage, kindInstantMessage:
		return 5 * time.Minute
	case kindService:
		return 15 * time.Minute
	case kindTrustRequest, kindCertificate:
		return 7 * 24 * time.Hour
	case kindICE:
		return time.Minute
	default:
		return 10 * time.Minute
	}
}

// Life returns how long values of the type are kept after they were created or
// refreshed (section 10).
func Life(valueType uint16) time.Duration { return kindOf(valueType).life() }
