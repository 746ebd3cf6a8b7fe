// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"jamibox/appliance/metrics"
)

func (a *Appliance) newMetrics(cfg metrics.Config, logger *slog.Logger) (*metrics.Server, error) {
	read := []prometheus.Collector{
		metrics.NewRelay(a.relay.latest),
		metrics.NewSync(a.enroll.SyncStates),
		metrics.NewBox(metrics.Sources{Store: a.store, Services: a.supervisor.Status, CertificateEnd: a.enroll.CertificateEnd}),
	}
	if a.dht != nil {
		read = append(read, metrics.NewDHT(a.dht.Service))
	}
	return metrics.New(cfg, logger, read...)
}
