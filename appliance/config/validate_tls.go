// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"fmt"

	"jamibox/enroll/tlsidentity"
)

func (p *problems) tls(c tlsidentity.Config) {
	switch c.Mode {
	case "internal":
	case "files":
		if c.Certificate == "" {
			p.add("tls.certificate", c.Certificate, `a PEM or PKCS#12 file, because tls.mode is "files"`)
		}
	default:
		p.add("tls.mode", c.Mode, `"internal" or "files"`)
	}
	for i, name := range c.Names {
		if !isHost(name) {
			p.add(fmt.Sprintf("tls.names[%d]", i), name, "a DNS name or an IP address")
		}
	}
}
