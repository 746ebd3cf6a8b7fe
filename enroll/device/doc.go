// SPDX-License-Identifier: GPL-3.0-or-later

// Package device is where accounts, policy and PKI meet: it enrols Jami
// clients by CSR, logs them in by certificate, lists, renames and revokes them.
//
// It knows no HTTP. Its errors say whether a refusal is certain: a client that
// is told its certificate is bad destroys its identity, so everything that may
// be the server's own fault is a different error.
package device
