// SPDX-License-Identifier: GPL-3.0-or-later

package config

import "jamibox/appliance/logging"

func (p *problems) log(c logging.Config) {
	switch c.Level {
	case "debug", "info", "warn", "error":
	default:
		p.add("log.level", c.Level, `"debug", "info", "warn" or "error"`)
	}
	switch c.Format {
	case "text", "json":
	default:
		p.add("log.format", c.Format, `"text" or "json"`)
	}
}
