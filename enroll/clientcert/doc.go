// SPDX-License-Identifier: GPL-3.0-or-later

// Package clientcert finds out, behind reverse proxies, which client
// certificate and which network address a request came with.
//
// It judges neither: whether a certificate is ours and still valid, and
// whether a header may be believed at all, is the caller's to decide (see
// Proxies). It must not know HTTP servers or the database.
package clientcert
