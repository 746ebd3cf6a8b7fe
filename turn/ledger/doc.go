// SPDX-License-Identifier: GPL-3.0-or-later

// Package ledger keeps account of allocations: who has which, how much went
// through them, how they ended, and whether there is room for another. It ends
// none by itself, but tells the relay that owns one to do so. It must not know
// sockets, messages or credentials.
package ledger
