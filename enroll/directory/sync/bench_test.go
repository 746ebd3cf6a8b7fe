// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package sync

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
)

// peak watches how much memory the process has of the system, at most, until it
// is asked.
func peak() (ask func() float64) {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	var most atomic.Uint64
	look := func() {
		metrics.Read(sample)
		most.Store(max(most.Load(), sample[0].Value.Uint64()-sample[1].Value.Uint64()))
	}
	debug.FreeOSMemory()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			look()
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
		}
	}()
	return func() float64 {
		close(stop)
		<-stopped
		return float64(most.Load()) / (1 << 20)
	}
}

// processor returns the seconds that the process has been computing for, which
// do not depend on what else the machine does.
func processor(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkSync synchronises 100,000 entries of an OpenLDAP server: the first
// time, when nothing changed, and when one in a hundred did. JAMIBOX_SYNC_PEOPLE
// is another number.
//
//	go test ./enroll/directory/sync -run '^$' -bench Sync -benchtime 1x
func BenchmarkSync(b *testing.B) {
	n := 100_000
	if text := os.Getenv("JAMIBOX_SYNC_PEOPLE"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	s := directorytest.StartSlapd(b, directorytest.SlapdOptions{Load: crowd(n), Database: []string{unlimited}})
	for b.Loop() {
		b.StopTimer()
		f := newFixture(b)
		cfg := openLDAP(s.URL())
		cfg.PageSize = 1000
		f.use(b, cfg, directorytest.ReaderPassword)
		f.withAccounts(b, 1000)
		b.StartTimer()
		for _, what := range []string{"first", "unchanged"} {
			ask, busy := peak(), processor(b)
			r := f.good(b)
			b.ReportMetric(processor(b)-busy, what+"-cpu-s")
			b.ReportMetric(ask(), what+"-MB")
			b.ReportMetric(r.Seconds, what+"-s")
			require.Equal(b, n, r.New+r.Unchanged)
		}
		b.StopTimer()
		c := s.Connect(b)
		for i := 0; i < n; i += 100 {
			set(b, c, userDN(i), "departmentNumber", "new")
		}
		b.StartTimer()
		r := f.good(b)
		require.Equal(b, n/100, r.Changed)
		b.ReportMetric(r.Seconds, "1%changed-s")
	}
}
