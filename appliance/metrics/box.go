// SPDX-License-Identifier: GPL-3.0-or-later

package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"jamibox/appliance/supervisor"
	"jamibox/enroll/store"
)

// queryTime bounds what a scrape waits for the database.
const queryTime = 5 * time.Second

// Sources are where the numbers of the box are read. All must be set and safe
// for concurrent use.
type Sources struct {
	Store    *store.Store
	Services func() []supervisor.Status
	// CertificateEnd returns until when the TLS certificate is good; false
	// while there is none.
	CertificateEnd func() (time.Time, bool)
}

// Box reads services, devices and users. It is safe for concurrent use.
type Box struct {
	from Sources

	up, restarts, devices, users, certificate *prometheus.Desc
}

// NewBox reads from the sources.
func NewBox(from Sources) *Box {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("jamibox_"+name, help, labels, nil)
	}
	return &Box{
		from:        from,
		up:          desc("service_up", "Whether a service of the box works: 1 if its last probe succeeded.", "service"),
		restarts:    desc("service_restarts_total", "How often a service was started again after it failed.", "service"),
		devices:     desc("devices", "Devices that are enrolled and neither revoked nor replaced."),
		users:       desc("users", "Users by state.", "state"),
		certificate: desc("tls_certificate_end_seconds", "When the TLS certificate of the box ends, in seconds since 1970."),
	}
}

// Describe implements prometheus.Collector.
func (b *Box) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.up, b.restarts, b.devices, b.users, b.certificate} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (b *Box) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, s := range b.from.Services() {
		up := 0.0
		if s.State == supervisor.StateReady {
			up = 1
		}
		gauge(b.up, up, s.Name)
		out <- prometheus.MustNewConstMetric(b.restarts, prometheus.CounterValue, float64(s.Restarts), s.Name)
	}
	if end, ok := b.from.CertificateEnd(); ok {
		gauge(b.certificate, float64(end.Unix()))
	}
	ctx, cancel := context.WithTimeout(context.Background(), queryTime)
	defer cancel()
	counted := func(d *prometheus.Desc, n int, err error, labels ...string) {
		if err != nil {
			out <- prometheus.NewInvalidMetric(d, err)
			return
		}
		gauge(d, float64(n), labels...)
	}
	n, err := b.from.Store.CountDevices(ctx)
	counted(b.devices, n, err)
	for _, state := range []store.UserState{store.UserActive, store.UserDisabled, store.UserRevoked} {
		n, err := b.from.Store.CountUsers(ctx, store.UserQuery{States: []store.UserState{state}})
		counted(b.users, n, err, string(state))
	}
}
