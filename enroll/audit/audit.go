// SPDX-License-Identifier: GPL-3.0-or-later

package audit

import (
	"context"
	"log/slog"
	"time"

	"jamibox/enroll/store"
)

// Actor is who acts in a request.
type Actor struct {
	// Name is a person ("admin:anna", "user:bob") or "local" for the socket.
	Name string
	// Remote is the client's IP address; empty for the socket.
	Remote string
}

type actorKey struct{}

// With returns a context whose events are recorded as done by a.
func With(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns the actor that With put into ctx; the box itself otherwise.
func ActorOf(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return Actor{Name: "jamibox"}
}

// Log records events. It is safe for concurrent use.
type Log struct {
	store  *store.Store
	logger *slog.Logger
}

// New returns a log that writes to both.
func New(s *store.Store, logger *slog.Logger) *Log { return &Log{store: s, logger: logger} }

// Record writes one event. The deed is done already, so that an event that
// cannot be stored is reported in the log and does not undo it.
func (l *Log) Record(ctx context.Context, action, target, detail string) {
	a := ActorOf(ctx)
	l.logger.Info(action, "actor", a.Name, "target", target, "remote", a.Remote, "detail", detail)
	err := l.store.AppendAudit(context.WithoutCancel(ctx), store.AuditEntry{
		At: time.Now().UTC(), Actor: a.Name, Action: action, Target: target, Remote: a.Remote, Detail: detail,
	})
	if err != nil {
		l.logger.Error("audit event not stored", "action", action, "target", target, "err", err)
	}
}
