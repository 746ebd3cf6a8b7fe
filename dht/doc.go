// SPDX-License-Identifier: GPL-3.0-or-later

// Package dht runs the bootstrap node of the private OpenDHT network that Jami
// clients meet in, and proves that it works by asking it as a client would.
//
// The work is done by an Engine. The one that exists, dhtnode, is the OpenDHT
// program run as a child process. Service puts readiness, health and status
// around whatever engine the settings name.
//
// The package must not know users, devices, the relay or the supervisor.
package dht
