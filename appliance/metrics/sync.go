// SPDX-License-Identifier: GPL-3.0-or-later

package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"jamibox/enroll/directory/sync"
)

// Sync reads how far the directories are in step. It is safe for concurrent use.
type Sync struct {
	states func(context.Context) ([]sync.State, error)

	people, waiting, good, seconds, alarm *prometheus.Desc
}

// NewSync reads what states returns; without directories there are no numbers.
func NewSync(states func(context.Context) ([]sync.State, error)) *Sync {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("jamibox_directory_"+name, help, []string{"source"}, nil)
	}
	return &Sync{
		states:  states,
		people:  desc("people", "People whom the last synchronisation saw."),
		waiting: desc("people_without_account", "People who have no account here."),
		good:    desc("last_good_sync_seconds", "When the directory was last synchronised in full, in seconds since 1970."),
		seconds: desc("last_sync_duration_seconds", "How long the last synchronisation took."),
		alarm:   desc("alarm", "Whether an administrator has to look at the synchronisation: 1 if so."),
	}
}

// Describe implements prometheus.Collector.
func (s *Sync) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.people, s.waiting, s.good, s.seconds, s.alarm} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (s *Sync) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queryTime)
	defer cancel()
	states, err := s.states(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(s.alarm, err)
		return
	}
	for _, state := range states {
		gauge := func(d *prometheus.Desc, value float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, state.Source)
		}
		gauge(s.people, float64(state.People))
		gauge(s.waiting, float64(state.Waiting))
		if state.GoodAt != nil {
			gauge(s.good, float64(state.GoodAt.Unix()))
		}
		if state.Last != nil {
			gauge(s.seconds, state.Last.Seconds)
		}
		alarm := 0.0
		if state.Alarm != "" {
			alarm = 1
		}
		gauge(s.alarm, alarm)
	}
}
