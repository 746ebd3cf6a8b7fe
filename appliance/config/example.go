// SPDX-License-Identifier: GPL-3.0-or-later

package config

import _ "embed"

// Example is the commented configuration file, which changes nothing until a
// line is uncommented. It is also the reference of all keys.
//
//go:embed example.toml
var Example string
