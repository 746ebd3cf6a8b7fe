// SPDX-License-Identifier: GPL-3.0-or-later

package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const hush = "hunter2"

type masked struct{}

func (masked) LogValue() slog.Value { return slog.GroupValue(slog.String("Password", hush)) }

func logEverywhere(log *slog.Logger) {
	log.Info("flat", "password", hush, "passphrase", hush, "secret", hush, "token", hush, "key", hush,
		"authorization", hush, "csr", hush, "user", "alice")
	log.With("Token", hush).Info("with")
	log.WithGroup("a").WithGroup("b").Info("deep", slog.Group("c", "key", hush, "device", "d1"))
	log.WithGroup("secret").With("x", hush).Info("group is a secret", "y", hush)
	log.Info("group value", slog.Group("key", "x", hush))
	log.Info("valuer", "who", masked{})
	log.Info("inline group", slog.Group("", "csr", []byte(hush)))
}

func TestRedaction(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			log, recent := New(Config{Level: "info", Format: format}, &out)
			logEverywhere(log)
			require.NotContains(t, out.String(), hush)
			require.Contains(t, out.String(), redacted)
			require.Contains(t, out.String(), "alice")
			require.Equal(t, 7, strings.Count(out.String(), "\n"))

			kept, err := json.Marshal(recent.Records())
			require.NoError(t, err)
			require.NotContains(t, string(kept), hush)
			require.Contains(t, string(kept), `{"key":"a.b.c.device","value":"d1"}`)
			require.Contains(t, string(kept), `{"key":"who.Password","value":"[redacted]"}`)
		})
	}
}

func TestUTC(t *testing.T) {
	var out bytes.Buffer
	log, recent := New(Config{Level: "info", Format: "json"}, &out)
	east := time.FixedZone("east", 3*3600)
	record := slog.NewRecord(time.Date(2030, 1, 2, 3, 0, 0, 0, east), slog.LevelWarn, "certificate ends", 0)
	record.Add("at", time.Date(2030, 5, 5, 3, 0, 0, 0, east), "err", errors.New("no luck"))
	require.NoError(t, log.Handler().Handle(t.Context(), record))

	var line map[string]string
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	require.Equal(t, map[string]string{
		"time": "2030-01-02T00:00:00Z", "level": "WARN", "msg": "certificate ends", "at": "2030-05-05T00:00:00Z", "err": "no luck",
	}, line)
	require.Equal(t, []Record{{
		Time: time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC), Level: "warn", Message: "certificate ends",
		Attrs: []Attr{{"at", "2030-05-05 00:00:00 +0000 UTC"}, {"err", "no luck"}},
	}}, recent.Records())
}

func TestLevel(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1, "": 3, "loud": 3} {
		t.Run("level/"+level, func(t *testing.T) {
			var out bytes.Buffer
			log, recent := New(Config{Level: level}, &out)
			log.Debug("m")
			log.Info("m")
			log.Warn("m")
			log.Error("m")
			require.Equal(t, want, strings.Count(out.String(), "\n"))
			require.Len(t, recent.Records(), want)
		})
	}
}

func TestRecentIsBounded(t *testing.T) {
	log, recent := New(DefaultConfig(), io.Discard)
	require.Empty(t, recent.Records())
	for i := range recentRecords + 3 {
		log.Info(fmt.Sprint(i))
	}
	records := recent.Records()
	require.Len(t, records, recentRecords)
	require.Equal(t, "3", records[0].Message)
	require.Equal(t, fmt.Sprint(recentRecords+2), records[recentRecords-1].Message)

	log.Info("long", "stack", strings.Repeat("é", recentValueBytes))
	records = recent.Records()
	require.LessOrEqual(t, len(records[recentRecords-1].Attrs[0].Value), recentValueBytes+len("…"))
}

func TestConcurrent(t *testing.T) {
	log, recent := New(DefaultConfig(), io.Discard)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			log := log.With("service", "turn").WithGroup("g")
			for i := range 200 {
				log.Info("m", "i", i)
				recent.Records()
			}
		})
	}
	wg.Wait()
	require.Len(t, recent.Records(), recentRecords)
}
