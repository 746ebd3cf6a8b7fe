// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"cmp"
	"os"
	"path/filepath"
)

// DefaultPath returns where the configuration file is looked for.
func DefaultPath() string { return filepath.Join(defaultDataDir(), "jamibox.toml") }

func defaultDataDir() string {
	return filepath.Join(cmp.Or(os.Getenv("ProgramData"), `C:\ProgramData`), "jamibox")
}
