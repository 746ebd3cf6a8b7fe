// SPDX-License-Identifier: GPL-3.0-or-later

// Package pionlog makes pion's messages lines of our own log. It knows nothing of
// the relay.
package pionlog
