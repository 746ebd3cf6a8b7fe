// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"log/slog"

	"jamibox/appliance/metrics"
)

func (a *Appliance) newMetrics(cfg metrics.Config, logger *slog.Logger) (*metrics.Server, error) {
	return metrics.New(cfg, logger,
		metrics.NewRelay(a.relay.latest),
		metrics.NewBox(metrics.Sources{Store: a.store, Services: a.supervisor.Status, CertificateEnd: a.enroll.CertificateEnd}))
}
