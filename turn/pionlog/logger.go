// SPDX-License-Identifier: GPL-3.0-or-later

package pionlog

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// levelTrace is for pion's messages about single packets.
const levelTrace = slog.LevelDebug - 4

// Factory hands pion's messages on to Logger, none above debug: any stranger's
// malformed packet is an error to pion, and would flood the log.
type Factory struct{ Logger *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (l Factory) NewLogger(string) logging.LeveledLogger { return l }

func (l Factory) log(level slog.Level, msg string) {
	l.Logger.Log(context.Background(), level, "pion", "detail", msg)
}

// logf formats only what will be seen: pion logs several times per packet.
func (l Factory) logf(level slog.Level, format string, args []any) {
	if l.Logger.Enabled(context.Background(), level) {
		l.log(level, fmt.Sprintf(format, args...))
	}
}

func (l Factory) Trace(msg string)                  { l.log(levelTrace, msg) }
func (l Factory) Tracef(format string, args ...any) { l.logf(levelTrace, format, args) }
func (l Factory) Debug(msg string)                  { l.log(levelTrace, msg) }
func (l Factory) Debugf(format string, args ...any) { l.logf(levelTrace, format, args) }
func (l Factory) Info(msg string)                   { l.log(slog.LevelDebug, msg) }
func (l Factory) Infof(format string, args ...any)  { l.logf(slog.LevelDebug, format, args) }
func (l Factory) Warn(msg string)                   { l.log(slog.LevelDebug, msg) }
func (l Factory) Warnf(format string, args ...any)  { l.logf(slog.LevelDebug, format, args) }
func (l Factory) Error(msg string)                  { l.log(slog.LevelDebug, msg) }
func (l Factory) Errorf(format string, args ...any) { l.logf(slog.LevelDebug, format, args) }
