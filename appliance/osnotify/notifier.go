// SPDX-License-Identifier: GPL-3.0-or-later

package osnotify

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Notifier talks to systemd (sd_notify(3)). It is safe for concurrent use and
// made by New.
type Notifier struct{ log *slog.Logger }

// New returns a Notifier. The logger, which must not be nil, gets what could not
// be delivered: no caller can do more about it.
func New(log *slog.Logger) *Notifier { return &Notifier{log: log} }

// Ready says that the start, or a reload, is complete.
func (n *Notifier) Ready() { n.send(daemon.SdNotifyReady) }

// Reloading says that the configuration is being read again; Ready ends it.
func (n *Notifier) Reloading() {
	// Type=notify-reload wants the time along.
	n.send(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// Stopping says that the process is about to end.
func (n *Notifier) Stopping() { n.send(daemon.SdNotifyStopping) }

// Status shows one line of text in systemctl status.
func (n *Notifier) Status(text string) {
	// A line break would start another message.
	n.send("STATUS=" + strings.Join(strings.Fields(text), " "))
}

// Watchdog gives a sign of life, twice as often as the unit's WatchdogSec asks
// for, until ctx is done. It returns at once if the unit asks for none.
func (n *Notifier) Watchdog(ctx context.Context) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		n.log.Warn("service manager asks for a watchdog in a way not understood", "err", err)
		return
	}
	if interval <= 0 {
		return
	}
	ticker := time.NewTicker(max(interval/2, time.Millisecond))
	defer ticker.Stop()
	for {
		n.send(daemon.SdNotifyWatchdog)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (n *Notifier) send(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		n.log.Warn("notice to the service manager not delivered", "err", err)
	}
}
