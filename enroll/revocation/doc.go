// SPDX-License-Identifier: GPL-3.0-or-later

// Package revocation answers whether certificates are still good: OCSP (RFC
// 6960) for the devices of an account, and CRLs (RFC 5280) of accounts and of
// the organisation. It decides nothing itself: what is revoked stands in the
// store. It knows no HTTP.
package revocation
