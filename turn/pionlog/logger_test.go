// SPDX-License-Identifier: GPL-3.0-or-later

package pionlog

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNothingAboveDebug(t *testing.T) {
	for level, wanted := range map[slog.Level]bool{slog.LevelInfo: false, slog.LevelDebug: true} {
		var out strings.Builder
		l := Factory{slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level}))}.NewLogger("turn")
		l.Errorf("malformed %s", "datagram")
		l.Error("x")
		l.Warnf("x")
		l.Warn("x")
		l.Infof("x")
		l.Info("x")
		require.Equal(t, wanted, strings.Contains(out.String(), `level=DEBUG msg=pion detail="malformed datagram"`))
		require.NotContains(t, out.String(), "level=ERROR")
		out.Reset()
		l.Debugf("single packet")
		l.Debug("x")
		l.Tracef("x")
		l.Trace("x")
		require.Empty(t, out.String())
	}
}
