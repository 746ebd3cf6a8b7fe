// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// levelTrace is for pion's messages about single packets.
const levelTrace = slog.LevelDebug - 4

// pionLogger hands pion's messages on, none above debug: a packet without a
// permission, say, is an error to pion, and would flood the log.
type pionLogger struct{ logger *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (l pionLogger) NewLogger(string) logging.LeveledLogger { return l }

func (l pionLogger) log(level slog.Level, msg string) {
	l.logger.Log(context.Background(), level, "pion", "detail", msg)
}

// logf formats only what will be seen: pion logs several times per packet.
func (l pionLogger) logf(level slog.Level, format string, args []any) {
	if l.logger.Enabled(context.Background(), level) {
		l.log(level, fmt.Sprintf(format, args...))
	}
}

func (l pionLogger) Trace(msg string)                  { l.log(levelTrace, msg) }
func (l pionLogger) Tracef(format string, args ...any) { l.logf(levelTrace, format, args) }
func (l pionLogger) Debug(msg string)                  { l.log(levelTrace, msg) }
func (l pionLogger) Debugf(format string, args ...any) { l.logf(levelTrace, format, args) }
func (l pionLogger) Info(msg string)                   { l.log(slog.LevelDebug, msg) }
func (l pionLogger) Infof(format string, args ...any)  { l.logf(slog.LevelDebug, format, args) }
func (l pionLogger) Warn(msg string)                   { l.log(slog.LevelDebug, msg) }
func (l pionLogger) Warnf(format string, args ...any)  { l.logf(slog.LevelDebug, format, args) }
func (l pionLogger) Error(msg string)                  { l.log(slog.LevelDebug, msg) }
func (l pionLogger) Errorf(format string, args ...any) { l.logf(slog.LevelDebug, format, args) }
