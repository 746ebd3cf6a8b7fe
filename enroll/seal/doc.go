// SPDX-License-Identifier: GPL-3.0-or-later

// Package seal keeps secrets unreadable at rest: CA keys, account keys, bind
// passwords. One master key file, which lies outside the database, seals and
// unseals byte strings and derives the appliance's other secrets.
//
// It knows nothing of what it seals, nor where the sealed bytes are kept.
package seal
