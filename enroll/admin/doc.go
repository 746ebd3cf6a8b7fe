// SPDX-License-Identifier: GPL-3.0-or-later

// Package admin is the REST API of the box, under /api/v1: set-up, users,
// devices, settings and the relay for administrators, and a person's own
// devices and password. The command line uses the same routes over a local
// socket.
//
// Handlers parse, call one method of the domain and answer. Errors are
// problem+json (RFC 9457) with a stable code. It knows nothing of the dialect
// that Jami clients speak.
package admin
