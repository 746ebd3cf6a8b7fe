// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package config

// DefaultPath returns where the configuration file is looked for.
func DefaultPath() string { return "/etc/jamibox/jamibox.toml" }

func defaultDataDir() string { return "/var/lib/jamibox" }
