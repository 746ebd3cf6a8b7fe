// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
)

const (
	// acceptedFor spares a bind for a person's next device, or a client that
	// asks again. It is short, since the entry cannot show every change.
	acceptedFor = time.Minute
	// refusedFor is for how long a refused password is not tried again: devices
	// repeat a wrong one for ever, and directories lock accounts. Where the
	// entry shows when the password was set, a new one is tried at once.
	refusedFor        = 12 * time.Hour
	refusedForUnknown = time.Hour
)

// attempt is one login.
type attempt struct {
	registry *Registry
	sources  []*live
	login    source.Login
	problem  error // why login is none
	trace    LoginTrace
}

// Begin opens the record of a login.
func (r *Registry) Begin(login, remote string) account.Attempt {
	a := &attempt{
		registry: r, sources: *r.live.Load(),
		trace: LoginTrace{At: r.now().UTC(), Login: clip(login), Remote: remote},
	}
	a.login, a.problem = source.ParseLogin(login)
	return a
}

// Sources returns the enabled sources in their order.
func (a *attempt) Sources() []account.SourceRef {
	var refs []account.SourceRef
	for _, l := range a.sources {
		if l.row.Enabled {
			refs = append(refs, account.SourceRef{ID: l.row.ID, Name: l.row.Name, Local: l.local()})
		}
	}
	return refs
}

// Ask returns the person whom a directory lets in.
func (a *attempt) Ask(ctx context.Context, sourceID int64, password string) (source.Person, error) {
	i := slices.IndexFunc(a.sources, func(l *live) bool { return l.row.ID == sourceID && !l.local() })
	if i < 0 {
		return source.Person{}, &account.Refusal{Reason: "there is no such source"}
	}
	l, steps := a.sources[i], new(ldapclient.Trace)
	person, err := a.ask(ctx, l, password, steps)
	if err == nil {
		l.health.loggedIn(a.registry.now())
	}
	a.trace.Asked = append(a.trace.Asked, SourceTrace{Source: l.row.Name, Result: resultOf(person, err), Steps: steps.Steps()})
	return person, err
}

func resultOf(p source.Person, err error) string {
	if err != nil {
		return err.Error()
	}
	return "the password is right: " + p.DN
}

// End closes the record.
func (a *attempt) End(verdict string) {
	a.trace.Verdict = verdict
	a.registry.traces.add(a.trace)
	for _, asked := range a.trace.Asked {
		for _, step := range asked.Steps {
			a.registry.logger.Debug("login step", "user", a.trace.Login, "source", asked.Source,
				"step", step.What, "detail", step.Detail, "result", step.Result, "took", step.Took)
		}
	}
}

func (a *attempt) ask(ctx context.Context, l *live, password string, steps *ldapclient.Trace) (source.Person, error) {
	now := a.registry.now()
	switch {
	case password == "":
		// Directories let anybody in without a password, as nobody.
		return source.Person{}, &account.Refusal{Reason: "the password is empty"}
	case a.problem != nil:
		return source.Person{}, &account.Refusal{Reason: a.problem.Error()}
	case l.problem != nil:
		return source.Person{}, unavailable(l.problem.Error())
	}
	if reason := l.health.leave(now); reason != "" {
		steps.Add(now, false, "directory", "", "left alone, it was down a moment ago: "+reason)
		return source.Person{}, unavailable(reason)
	}
	entry, err := a.enter(ctx, l, password, steps)
	if !errors.Is(err, context.Canceled) {
		l.health.note(err, a.registry.now())
	}
	if err != nil {
		return source.Person{}, a.explain(ctx, err)
	}
	person, err := l.cfg.Person(entry, now)
	if err != nil {
		return person, &account.Refusal{Reason: err.Error()}
	}
	if person.State = person.State.AfterBind(); !person.State.MayLogin() {
		return person, &account.Refusal{Reason: refusedState(person.State)}
	}
	return person, nil
}

// enter returns the entry of the login if the password is right.
func (a *attempt) enter(ctx context.Context, l *live, password string, steps *ldapclient.Trace) (*ldap.Entry, error) {
	r := a.registry
	entry, err := l.client.Find(ctx, a.login, steps)
	if err != nil {
		return nil, err
	}
	person, version := personOf(l, entry), passwordVersion(entry)
	now := r.now()
	if r.refused.knows(person, version, password, now) {
		const reason = "the password was refused before and is not tried again, so that the directory does not lock the account"
		steps.Add(now, false, "password", entry.DN, reason)
		return nil, &ldapclient.Refused{Wrong: true, Reason: reason}
	}
	// An entry that was made of the login alone shows nothing of its state.
	if l.cfg.WithDefaults().Login == source.LoginSearch && l.cfg.State(entry, now).MayLogin() &&
		r.accepted.knows(person, version, password, now) {
		steps.Add(now, true, "password", entry.DN, "right a moment ago")
		return entry, nil
	}
	found, err := l.client.Login(ctx, entry, password, steps)
	if refused, ok := errors.AsType[*ldapclient.Refused](err); ok {
		r.accepted.forget(person)
		if refused.Wrong {
			keep := refusedFor
			if version == "" {
				keep = refusedForUnknown
			}
			r.refused.note(person, version, password, now, now.Add(keep))
		}
	}
	if err != nil {
		return nil, err
	}
	r.refused.forget(person)
	r.accepted.note(person, version, password, now, now.Add(acceptedFor))
	return found, nil
}

// personOf returns what passwords are remembered under: it changes when the
// administrator changes the source.
func personOf(l *live, e *ldap.Entry) string {
	id := l.cfg.ID(e)
	if id == "" {
		id = source.FoldDN(e.DN)
	}
	return strconv.FormatInt(l.row.ID, 10) + " " + strconv.FormatInt(l.row.ChangedAt.UnixNano(), 36) + " " + id
}

// passwordVersion returns what changes in an entry when its password is set;
// "" if it shows nothing of that.
func passwordVersion(e *ldap.Entry) string {
	var version strings.Builder
	for _, attribute := range []string{
		"pwdLastSet", "pwdChangedTime", "shadowLastChange", "passwordExpirationTime", "krbPasswordExpiration",
	} {
		if value := e.GetEqualFoldAttributeValue(attribute); value != "" {
			version.WriteString(attribute + value + " ")
		}
	}
	return version.String()
}

// explain turns what a client returned into what accounts know.
func (a *attempt) explain(ctx context.Context, err error) error {
	if down, ok := errors.AsType[*ldapclient.Unavailable](err); ok {
		return unavailable(down.Reason)
	}
	if wrong, ok := errors.AsType[*ldapclient.Misconfigured](err); ok {
		return unavailable(wrong.Reason)
	}
	if refused, ok := errors.AsType[*ldapclient.Refused](err); ok {
		return &account.Refusal{Reason: refused.Reason}
	}
	switch {
	case errors.Is(err, ldapclient.ErrUnknown), errors.Is(err, ldapclient.ErrAmbiguous), errors.Is(err, source.ErrLogin):
		return &account.Refusal{Reason: err.Error()}
	case errors.Is(err, ldapclient.ErrClosed):
		return unavailable("the source was changed at this moment")
	case ctx.Err() != nil:
		return unavailable("it did not answer in time")
	}
	return err
}

func unavailable(reason string) error { return fmt.Errorf("%w (%s)", account.ErrUnavailable, reason) }

func refusedState(s source.State) string {
	return fmt.Sprintf("the password is right, but the directory says: %s", s.Reason)
}
