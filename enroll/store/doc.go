// SPDX-License-Identifier: GPL-3.0-or-later

// Package store keeps what the enrolment server must not forget, in SQLite
// through GORM. It is the only package that imports GORM: it hands out plain
// structs and typed methods, one file for each table.
//
// It knows no HTTP, no certificates and no keys: secrets reach it already
// sealed, certificates as DER. What a row means is decided by its callers.
//
// Writes are durable before a method returns (synchronous=FULL): an enrolment
// or revocation that was acknowledged survives a power cut.
package store
