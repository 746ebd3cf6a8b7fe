// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkServeToReady measures the time from the start of the program to the
// first answer of /readyz with 200, beside the start of a program that does
// nothing ("jamibox version"), and the memory of the whole process afterwards,
// relay included and the DHT's child process not.
func BenchmarkServeToReady(b *testing.B) {
	box := newBox(b, "JAMIBOX_TURN_ENABLED=true", fmt.Sprintf("JAMIBOX_TURN_LISTEN=127.0.0.1:%d", freePort(b)),
		"JAMIBOX_TURN_PORTS=20000-20100")
	h := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	var ready, nothing, memory []float64
	for b.Loop() {
		begun := time.Now()
		require.Zero(b, box.run(b, "version").code)
		nothing = append(nothing, time.Since(begun).Seconds()*1000)

		begun = time.Now()
		box.launch(b)
		require.Eventually(b, func() bool {
			answer, err := h.Get(box.url + "/readyz")
			if err != nil {
				return false
			}
			return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
		}, 10*time.Second, time.Millisecond)
		ready = append(ready, time.Since(begun).Seconds()*1000)
		require.Eventually(b, func() bool { return box.run(b, "status").code == 0 }, 10*time.Second, 50*time.Millisecond)
		memory = append(memory, residentMB(b, box.process.Process.Pid))
		code, _ := box.stop(b)
		require.Zero(b, code)
	}
	b.ReportMetric(median(ready), "ready-ms")
	b.ReportMetric(median(nothing), "empty-start-ms")
	b.ReportMetric(median(memory), "resident-MB")
	b.ReportMetric(0, "ns/op")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func residentMB(b *testing.B, pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Skip("no /proc here")
	}
	var size, resident int
	_, err = fmt.Sscan(string(raw), &size, &resident)
	require.NoError(b, err)
	return float64(resident*os.Getpagesize()) / 1e6
}
