// SPDX-License-Identifier: GPL-3.0-or-later

// Package osnotify tells the service manager how the process is doing: ready,
// reloading, stopping, a line of status, and a sign of life.
//
// It must not know what makes the process ready or healthy. Without a service
// manager that listens, it does nothing.
package osnotify
