// SPDX-License-Identifier: GPL-3.0-or-later

// Package tlsidentity provides the server's own TLS certificate: read from
// files and watched for change, or made by the box itself below a root of its
// own and renewed without anybody's help.
//
// It must not know HTTP, the database or the organisation CA that signs
// accounts and devices; what it has to keep goes through Keeper.
package tlsidentity
