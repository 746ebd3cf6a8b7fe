// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import "time"

const (
	// listenerLife is how long a listener is kept that does not repeat itself.
	listenerLife = 10 * time.Minute

	// minCost is what a value counts at least: a record takes more memory than
	// the few bytes that a flood of tiny values would be counted as.
	minCost = 128

	// maxMatch bounds the user type, in bytes, that a listener asks for. Those
	// in use are single words.
	maxMatch = 256

	// MaxNoteIDs is the most value ids of one PushExpired, so that a note fits a
	// packet whatever the ids are.
	MaxNoteIDs = 128

	// expireBatch bounds the work of one call of Expire, which keeps others
	// waiting.
	expireBatch = 1024
)

// Limits bounds what a Store keeps. The zero value keeps nothing; see
// DefaultLimits.
type Limits struct {
	// Bytes bounds the packed values of all remote addresses. A value of less
	// than 128 bytes counts as 128.
	Bytes int64
	// ValuesPerKey bounds the values under one key.
	ValuesPerKey int
	// Listeners bounds the listeners of all keys.
	Listeners int
}

// DefaultLimits returns the limits of OpenDHT, and for listeners, which it does
// not bound, a hundred for each of 5,000 clients.
func DefaultLimits() Limits {
	return Limits{Bytes: 64 << 20, ValuesPerKey: 65536, Listeners: 1 << 19}
}
