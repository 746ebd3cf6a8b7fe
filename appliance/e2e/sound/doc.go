// SPDX-License-Identifier: GPL-3.0-or-later

// Package sound lends a client of the lab a sound card made of software: a
// microphone that hums one tone, and a speaker that tests listen to.
//
// It must not know what plays and records on it.
package sound
