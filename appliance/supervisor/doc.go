// SPDX-License-Identifier: GPL-3.0-or-later

// Package supervisor starts the services of the box in order, restarts what
// fails with growing delay, stops them in reverse, and keeps the state of each
// for the UI, the CLI and the service manager.
//
// It must not know what any service does: it sees names, contexts and errors.
// Services satisfy its interfaces without importing it.
package supervisor
