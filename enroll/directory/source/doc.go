// SPDX-License-Identifier: GPL-3.0-or-later

// Package source describes where users come from: the configuration of a
// directory (LDAP or Active Directory), its checks and presets, what is asked
// of it for a login or a search, and what an entry of it says about a person.
//
// It is pure: it must not know the network, the database or accounts.
package source
