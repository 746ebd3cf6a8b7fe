// SPDX-License-Identifier: GPL-3.0-or-later

// Package credential derives the long-term credentials (RFC 8489, section 9.2)
// of devices from secrets, so that the relay needs no list of devices, and holds
// the set of those that are refused. A device is an opaque string to it. It must
// not know requests, allocations or databases.
package credential
