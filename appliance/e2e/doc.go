// SPDX-License-Identifier: GPL-3.0-or-later

// Package e2e proves the shipped program with the Jami daemon of the
// distribution: the tests build jamibox, run it in a namespace between two
// client networks that have no way out, and let real clients enrol, find each
// other, talk, call, restart, and be revoked, also where the relay is all there
// is between them. They need root, Linux, and the build tag e2e:
//
//	go test -tags e2e -count=1 -timeout 30m ./appliance/e2e/...
//
// The clients have faults of their own, likely on a slow machine. A test helps a
// client as a person would, by a restart and by writing again, but only if the
// client shows a fault that is known, and says so in its output.
//
// It must not know anything of the server but its command line.
package e2e
