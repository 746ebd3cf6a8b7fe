// SPDX-License-Identifier: GPL-3.0-or-later

// Package organization holds what the set-up decided: the organisation's name
// and CA, lifetimes, the addresses of the box and the relay's master secret.
//
// It is written in one transaction by Create; afterwards a Rotator replaces the
// relay's secrets and a Registrar the lifetimes. Everyone else reads it through
// a Holder. It knows no HTTP and no users.
package organization
