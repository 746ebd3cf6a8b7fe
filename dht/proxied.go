// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"log/slog"

	"jamibox/dht/limit"
	"jamibox/dht/proxy"
)

// Proxy returns the proxy that the settings ask for, a service of its own that has
// yet to run; nil if they ask for none. The certificate and the logger must not be
// nil.
func (s *Service) Proxy(certificate proxy.Certificate, logger *slog.Logger) *proxy.Server {
	b, ok := s.engine.(*builtin)
	if !ok || !s.cfg.HasProxy() {
		return nil
	}
	limits := proxy.DefaultLimits()
	limits.Requests = limit.Config{Requests: s.cfg.MaxRequestsPerSecond, RequestsPerAddress: s.cfg.MaxRequestsPerSecondPerSource}
	return proxy.New(proxy.Config{Listen: s.cfg.ProxyListen, Certificate: certificate, Limits: limits}, b.node, logger)
}
