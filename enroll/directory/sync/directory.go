// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"time"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// Directory is a source that people are read from.
type Directory struct {
	ID     int64
	Name   string
	Config source.Config
	// ChangedAt is when an administrator last changed the source.
	ChangedAt time.Time
	Reader    Reader
}

// readable tells whether there is an account that reads who there is. Where
// people bind as themselves there need not be one.
func (d Directory) readable() bool {
	c := d.Config.WithDefaults()
	return c.Login != source.LoginDirect || c.BindDN != ""
}

// Reader asks a directory; *ldapclient.Client does.
type Reader interface {
	// Pages hands the entries below the bases of people that a filter finds to
	// each, page by page. Unless it is complete, with a nil error, more may be
	// there than was handed over; the error says why.
	Pages(ctx context.Context, filter string, attributes []string, each func([]*ldap.Entry) error) (complete bool, err error)
	// Groups returns all groups, under the same conditions.
	Groups(ctx context.Context) (groups []ldapclient.Group, complete bool, err error)
}

// Accounts changes users; *account.Service does. It is safe for concurrent use.
type Accounts interface {
	// BarUser stops serving a user, and tells whether it had not yet.
	BarUser(ctx context.Context, userID int64, reason string) (fresh bool, err error)
	// UnbarUser lifts that, and tells whether there was anything to lift.
	UnbarUser(ctx context.Context, userID int64) (lifted bool, err error)
	// Adopt makes the person's user, or brings name, profile and picture of the
	// one who is there up to date. Errors: account.ErrInvalid, account.ErrTaken
	// (no user can be made); any other is a fault of the server.
	Adopt(ctx context.Context, src account.SourceRef, p source.Person) (store.User, error)
}

// Devices revokes devices. It is safe for concurrent use.
type Devices interface {
	// Revoke revokes a device for good; owner nil means anybody's, and reason
	// is a CRLReason (RFC 5280, section 5.3.1).
	Revoke(ctx context.Context, owner *store.User, deviceID string, reason int) error
}

// Admission says who gets an account ahead. It is safe for concurrent use.
type Admission interface {
	// Admits tells whether a person of a source may enrol devices.
	Admits(ctx context.Context, sourceID int64, externalID string) (bool, error)
}
