// SPDX-License-Identifier: GPL-3.0-or-later

// Package logging sets up the structured log: UTC times, secrets redacted, and
// the latest records kept in memory for the status page.
//
// It must not know who logs or what about. It redacts by attribute key only; a
// struct handed over as one value is the caller's to keep clean.
package logging
