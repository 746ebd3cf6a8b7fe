// SPDX-License-Identifier: GPL-3.0-or-later

// Package token makes and checks the write tokens of section 3: proof that who
// wants to store or listen receives what is sent to its address and port. It
// must not know keys, values or messages.
package token
