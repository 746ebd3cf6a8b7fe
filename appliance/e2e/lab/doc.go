// SPDX-License-Identifier: GPL-3.0-or-later

// Package lab lends the end-to-end tests a small network of Linux namespaces:
// one for the server, which also routes, and two client networks on subnets of
// their own, which can be cut off from each other. No namespace has a default
// route, so nothing leaves the machine.
//
// It must not know what runs in the namespaces.
package lab
