// SPDX-License-Identifier: GPL-3.0-or-later

package metrics

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/sync"
)

func TestSync(t *testing.T) {
	var fault error
	states := func(context.Context) ([]sync.State, error) {
		return []sync.State{
			{Source: "staff", People: 3, Waiting: 1, GoodAt: new(time.Unix(1000, 0)), Last: &sync.Report{Seconds: 1.5}, Alarm: "stopped"},
			{Source: "new"},
		}, fault
	}
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(NewSync(states)))
	families, err := registry.Gather()
	require.NoError(t, err)
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			got[family.GetName()+" "+m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
		}
	}
	require.Equal(t, map[string]float64{
		"jamibox_directory_people staff": 3, "jamibox_directory_people new": 0,
		"jamibox_directory_people_without_account staff": 1, "jamibox_directory_people_without_account new": 0,
		"jamibox_directory_last_good_sync_seconds staff":     1000,
		"jamibox_directory_last_sync_duration_seconds staff": 1.5,
		"jamibox_directory_alarm staff":                      1, "jamibox_directory_alarm new": 0,
	}, got)

	fault = errors.New("database is gone")
	_, err = registry.Gather()
	require.ErrorContains(t, err, "database is gone")
}
