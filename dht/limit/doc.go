// SPDX-License-Identifier: GPL-3.0-or-later

// Package limit bounds what a node takes and what it can be made to send, in all
// and for each IP address (section 11), and counts what it refused. It must not
// know what the requests ask for.
//
// A request draws an answer that may be a hundred times larger, and its source
// may be forged. So the answers to one address are bounded by their bytes as
// well: that is the most that can be reflected at a victim.
package limit
