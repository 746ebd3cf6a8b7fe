// SPDX-License-Identifier: GPL-3.0-or-later

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"jamibox/dht"
	"jamibox/dht/node"
	"jamibox/dht/routing"
	"jamibox/dht/storage"
)

// DHT reads the DHT node. It is safe for concurrent use.
type DHT struct {
	service *dht.Service

	// Of both engines.
	listed, probe *prometheus.Desc
	// Of the builtin one.
	nodes, buckets, keys, values, bytes, listeners             *prometheus.Desc
	requests, rejected, puts, dropped, expired, evicted        *prometheus.Desc
	listenersGone, pushes, replicated, cut, unanswered, unsent *prometheus.Desc
}

// NewDHT reads the service, which must not be nil. There are no numbers while no
// node runs, and few of the engine dhtnode, which tells none. Counters begin
// anew with the node.
func NewDHT(service *dht.Service) *DHT {
	engine := prometheus.Labels{"engine": service.Status().Engine}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("jamibox_dht_"+name, help, labels, engine)
	}
	return &DHT{
		service:       service,
		listed:        desc("listed_nodes", "Other nodes that the last probe was told of, at most 8 of each address family."),
		probe:         desc("probe_seconds", "Time in which the last probe was answered."),
		nodes:         desc("nodes", "Other nodes: good ones are told to others, dubious ones have yet to answer, expired ones did not.", "family", "state"),
		buckets:       desc("buckets", "Ranges of node ids that are told apart.", "family"),
		keys:          desc("keys", "Keys under which something is stored or listened for."),
		values:        desc("values", "Stored values by type.", "type"),
		bytes:         desc("value_bytes", "Bytes of the stored values by type, as they count for the limit.", "type"),
		listeners:     desc("listeners", "Listeners that other nodes have here."),
		requests:      desc("requests_total", "Requests that were served.", "kind"),
		rejected:      desc("rejected_total", "Messages that were not heeded.", "reason"),
		puts:          desc("puts_total", "Values that were put, by what became of them.", "outcome"),
		dropped:       desc("dropped_total", "Requests and answers beyond a limit, of addresses that proved that they hear us and of others.", "limit", "address"),
		expired:       desc("values_expired_total", "Values whose time was over."),
		evicted:       desc("values_evicted_total", "Values that gave way since there was no room."),
		listenersGone: desc("listeners_dropped_total", "Listeners that were refused, or gave way to newer ones.", "reason"),
		pushes:        desc("pushes_total", "Messages to listeners."),
		replicated:    desc("values_replicated_total", "Values that nodes were given which came or came back."),
		cut:           desc("cut_answers_total", "Answers that left values out, since there were too many."),
		unanswered:    desc("unanswered_requests_total", "Requests of the node that nobody answered."),
		unsent:        desc("unsent_datagrams_total", "Datagrams that the system did not take."),
	}
}

// Describe implements prometheus.Collector.
func (d *DHT) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		d.listed, d.probe, d.nodes, d.buckets, d.keys, d.values, d.bytes, d.listeners, d.requests, d.rejected, d.puts, d.dropped,
		d.expired, d.evicted, d.listenersGone, d.pushes, d.replicated, d.cut, d.unanswered, d.unsent,
	} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (d *DHT) Collect(out chan<- prometheus.Metric) {
	to := samples(out)
	if s := d.service.Status(); s.Port != 0 && !s.LastProbe.At.IsZero() {
		to.gauge(d.listed, float64(s.Nodes))
		to.gauge(d.probe, s.LastProbe.RTT.Seconds())
	}
	s, ok := d.service.Stats()
	if !ok {
		return
	}
	d.collectNodes(to, "ipv4", s.IPv4)
	d.collectNodes(to, "ipv6", s.IPv6)
	d.collectStorage(to, s.Storage)
	d.collectTraffic(to, s)
}

func (d *DHT) collectNodes(to samples, family string, n routing.Counts) {
	to.gauge(d.nodes, float64(n.Good), family, "good")
	to.gauge(d.nodes, float64(n.Dubious), family, "dubious")
	to.gauge(d.nodes, float64(n.Expired), family, "expired")
	to.gauge(d.buckets, float64(n.Buckets), family)
}

func (d *DHT) collectStorage(to samples, s storage.Stats) {
	to.gauge(d.keys, float64(s.Keys))
	to.gauge(d.listeners, float64(s.Listeners))
	for _, t := range s.Types {
		to.gauge(d.values, float64(t.Values), t.Name)
		to.gauge(d.bytes, float64(t.Bytes), t.Name)
	}
	for outcome, n := range s.Puts {
		to.counter(d.puts, n, outcome.String())
	}
	to.counter(d.expired, s.Expired)
	to.counter(d.evicted, s.Evicted)
	to.counter(d.listenersGone, s.ListenersRefused, "refused")
	to.counter(d.listenersGone, s.ListenersEvicted, "evicted")
}

func (d *DHT) collectTraffic(to samples, s node.Stats) {
	for kind, n := range s.Requests {
		to.counter(d.requests, n, kind)
	}
	for reason, n := range s.Rejected {
		to.counter(d.rejected, n, reason)
	}
	to.counter(d.puts, s.UnreadablePuts, "unreadable")
	to.counter(d.puts, s.UncheckedPuts, "too many to check")
	to.counter(d.dropped, s.Dropped.Requests, "requests", "proven")
	to.counter(d.dropped, s.Dropped.RequestsPerAddress, "requests of one address", "proven")
	to.counter(d.dropped, s.Dropped.Answers, "bytes to one address", "proven")
	to.counter(d.dropped, s.DroppedUnproven.Requests, "requests", "unproven")
	to.counter(d.dropped, s.DroppedUnproven.RequestsPerAddress, "requests of one address", "unproven")
	to.counter(d.dropped, s.DroppedUnproven.Answers, "bytes to one address", "unproven")
	to.counter(d.pushes, s.Pushes)
	to.counter(d.replicated, s.Replicated)
	to.counter(d.cut, s.CutAnswers)
	to.counter(d.unanswered, s.Unanswered)
	to.counter(d.unsent, s.Unsent)
}

// samples is where a scrape goes to.
type samples chan<- prometheus.Metric

func (s samples) gauge(d *prometheus.Desc, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (s samples) counter(d *prometheus.Desc, n uint64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}
