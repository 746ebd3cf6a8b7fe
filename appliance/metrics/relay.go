// SPDX-License-Identifier: GPL-3.0-or-later

package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"jamibox/turn"
	"jamibox/turn/ledger"
)

// Relay reads the relay. It is safe for concurrent use.
type Relay struct {
	server func() *turn.Server

	allocations, streams, opened, errors, authFailures, quotaRefusals *prometheus.Desc
	throttled, refusedStreams, denied, bytes, packets                 *prometheus.Desc
}

// NewRelay reads what server returns, which may be nil: then there are no
// numbers. Counters begin anew with another server.
func NewRelay(server func() *turn.Server) *Relay {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("jamibox_relay_"+name, help, labels, nil)
	}
	return &Relay{
		server:         server,
		allocations:    desc("allocations", "Relayed addresses that are open.", "protocol"),
		streams:        desc("streams", "Connections of clients over TCP and TLS."),
		opened:         desc("allocations_opened_total", "Allocations that were granted."),
		errors:         desc("error_answers_total", "Error answers by STUN code. Each client gets a 401 before it logs in.", "code"),
		authFailures:   desc("auth_failures_total", "Requests with wrong credentials."),
		quotaRefusals:  desc("quota_refusals_total", "Allocations refused for the limits."),
		throttled:      desc("throttled_requests_total", "Requests that were too many and left unanswered."),
		refusedStreams: desc("refused_streams_total", "Connections of clients refused for the limits."),
		denied:         desc("denied_total", "Packets and connections to or from peers that clients may not reach."),
		bytes:          desc("bytes_total", "Payload relayed; up is from clients to peers.", "protocol", "direction"),
		packets:        desc("packets_total", "Packets relayed; up is from clients to peers.", "direction"),
	}
}

// Describe implements prometheus.Collector.
func (r *Relay) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		r.allocations, r.streams, r.opened, r.errors, r.authFailures, r.quotaRefusals,
		r.throttled, r.refusedStreams, r.denied, r.bytes, r.packets,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (r *Relay) Collect(out chan<- prometheus.Metric) {
	server := r.server()
	if server == nil {
		return
	}
	gauge := func(d *prometheus.Desc, value int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
	}
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	open := map[ledger.Protocol]int{}
	for _, a := range server.Allocations() {
		open[a.Protocol]++
	}
	status := server.Status()
	for _, protocol := range []ledger.Protocol{ledger.UDP, ledger.TCP} {
		gauge(r.allocations, open[protocol], string(protocol))
		flow := status.Relayed[protocol]
		counter(r.bytes, flow.Up.Bytes, string(protocol), "up")
		counter(r.bytes, flow.Down.Bytes, string(protocol), "down")
	}
	// Packets are not known of TCP.
	counter(r.packets, status.Relayed[ledger.UDP].Up.Packets, "up")
	counter(r.packets, status.Relayed[ledger.UDP].Down.Packets, "down")
	gauge(r.streams, status.Streams)
	counter(r.opened, status.Opened)
	counter(r.authFailures, status.AuthFailures)
	counter(r.quotaRefusals, status.QuotaRefusals)
	counter(r.throttled, status.Throttled)
	counter(r.refusedStreams, status.RefusedStreams)
	counter(r.denied, status.Denied)
	for code, n := range status.ByCode {
		counter(r.errors, n, strconv.Itoa(code))
	}
}
