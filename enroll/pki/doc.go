// SPDX-License-Identifier: GPL-3.0-or-later

// Package pki is the certificate authority: keys, checks of certificate
// requests, the three kinds of certificate a Jami deployment has
// (organisation CA, one sub-CA per account, devices), CRLs (RFC 5280) and OCSP
// (RFC 6960).
//
// It must not know HTTP, the database, nor who may have a certificate. It has
// no clock: callers hand in every time.
package pki
