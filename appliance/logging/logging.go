// SPDX-License-Identifier: GPL-3.0-or-later

package logging

import (
	"io"
	"log/slog"
	"slices"
	"strings"
)

const redacted = "[redacted]"

// New returns a logger that writes to w, and the records it wrote last. An
// unknown level counts as info, an unknown format as text: config.Validate
// refuses both, and a log is wanted before that. Both results are safe for
// concurrent use.
func New(cfg Config, w io.Writer) (*slog.Logger, *Recent) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: clean}
	var out slog.Handler = slog.NewTextHandler(w, opts)
	if cfg.Format == "json" {
		out = slog.NewJSONHandler(w, opts)
	}
	recent := &Recent{}
	return slog.New(slog.NewMultiHandler(out, &recentHandler{recent: recent, level: level})), recent
}

// clean redacts secrets and puts times in UTC. It is a ReplaceAttr function.
func clean(groups []string, a slog.Attr) slog.Attr {
	switch {
	case secret(a.Key), slices.ContainsFunc(groups, secret):
		return slog.String(a.Key, redacted)
	case a.Value.Kind() == slog.KindTime:
		return slog.Time(a.Key, a.Value.Time().UTC())
	}
	return a
}

func secret(key string) bool {
	switch strings.ToLower(key) {
	case "password", "passphrase", "secret", "token", "key", "authorization", "csr":
		return true
	}
	return false
}
