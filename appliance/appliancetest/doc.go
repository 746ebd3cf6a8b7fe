// SPDX-License-Identifier: GPL-3.0-or-later

// Package appliancetest runs a whole box in one process on loopback, for tests
// and benchmarks, with a client that speaks as Jami clients do: one connection
// a request, paths appended to the URL as it is, query texts not encoded.
package appliancetest
