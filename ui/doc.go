// SPDX-License-Identifier: GPL-3.0-or-later

// Package ui holds the pages of the box, embedded: a status page that works
// without any other host. It knows nothing but files.
package ui
