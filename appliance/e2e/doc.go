// SPDX-License-Identifier: GPL-3.0-or-later

// Package e2e proves the shipped program with the Jami daemon of the
// distribution: the tests build jamibox, run it in a namespace between two
// client networks that have no way out, and let real clients enrol, find each
// other, talk, restart, and be revoked. They need root, Linux, and the build
// tag e2e:
//
//	go test -tags e2e -count=1 -timeout 20m ./appliance/e2e/...
//
// It must not know anything of the server but its command line.
package e2e
