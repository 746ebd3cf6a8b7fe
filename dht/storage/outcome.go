// SPDX-License-Identifier: GPL-3.0-or-later

package storage

// Outcome is what became of a put. The wire answer is success in any case, or
// the asker would go to another node.
type Outcome uint8

// The outcomes. All but the first three are refusals.
const (
	Stored    Outcome = iota // new
	Refreshed                // was there already, and lives on
	Edited                   // replaced another value with its id

	RefusedSize        // more than wire.MaxValueSize bytes
	RefusedSignature   // signature does not belong to the value
	RefusedCertificate // unreadable, or not under its own key
	RefusedService     // service announcement without a port
	RefusedMessage     // message that names no service
	RefusedExpired     // created too long ago
	RefusedFullKey     // the key holds Limits.ValuesPerKey values
	RefusedEdit        // the value there cannot be replaced
	RefusedOwner       // the value there has another owner
	RefusedSequence    // the value there has this sequence number or a higher one

	outcomes = iota
)

// Refused reports whether nothing was kept.
func (o Outcome) Refused() bool { return o > Edited }

// String returns a few words, for logs and labels.
func (o Outcome) String() string {
	names := [outcomes]string{
		"stored", "refreshed", "edited",
		"too large", "wrong signature", "foreign certificate", "service without port", "message without service",
		"expired", "key full", "not editable", "other owner", "sequence not higher",
	}
	if int(o) >= len(names) {
		return "unknown"
	}
	return names[o]
}
