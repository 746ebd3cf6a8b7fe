// SPDX-License-Identifier: GPL-3.0-or-later

package ui

import (
	"embed"
	"io/fs"
)

//go:embed pages
var pages embed.FS

// Pages returns the files to be served at the root of the site.
func Pages() (fs.FS, error) { return fs.Sub(pages, "pages") }
