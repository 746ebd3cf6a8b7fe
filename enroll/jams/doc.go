// SPDX-License-Identifier: GPL-3.0-or-later

// Package jams speaks to Jami clients exactly as they expect of a JAMS server:
// its routes and JSON follow the clients of 2023 and later, not our taste
// (jams-protocol.md). Nothing else speaks that dialect.
//
// The status codes are part of the protocol. 401 on a device login makes a
// current client delete its key, so it is sent for a presented certificate that
// is known to be bad and for nothing else; every fault of the server is 503.
package jams
