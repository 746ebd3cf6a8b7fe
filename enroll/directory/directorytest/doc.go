// SPDX-License-Identifier: GPL-3.0-or-later

// Package directorytest gives tests real directories on loopback: OpenLDAP as
// any user, a Samba Active Directory domain controller as root; with entries,
// certificates, and a proxy between client and server that misbehaves. Where
// the programs are absent the test is skipped. It is for tests only.
package directorytest
