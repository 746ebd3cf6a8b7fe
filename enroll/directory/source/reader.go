// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// reader reads values of an entry, whose attribute names come in any case.
type reader struct{ e *ldap.Entry }

func (r reader) text(attribute string) string {
	return strings.TrimSpace(r.e.GetEqualFoldAttributeValue(attribute))
}

// number returns a value that is one; whoever writes others means none.
func (r reader) number(attribute string) (int64, bool) {
	n, err := strconv.ParseInt(r.text(attribute), 10, 64)
	return n, err == nil
}

func (r reader) isTrue(attribute string) bool { return strings.EqualFold(r.text(attribute), "true") }

// generalized returns a value of generalized time (RFC 4517, section 3.3.13).
func (r reader) generalized(attribute string) (time.Time, bool) {
	text := r.text(attribute)
	if text == "" {
		return time.Time{}, false
	}
	for _, layout := range []string{"20060102150405Z0700", "200601021504Z0700", "2006010215Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

const (
	fileTimeNever = 1<<63 - 1
	fileTimeTick  = 100 * time.Nanosecond
	// fileTimeUnix is the second of the Unix epoch, counted from 1601.
	fileTimeUnix = 11644473600
)

// fileTime returns a value that counts ticks since 1601; none for "never".
func (r reader) fileTime(attribute string) (time.Time, bool) {
	n, ok := r.number(attribute)
	if !ok || n <= 0 || n == fileTimeNever {
		return time.Time{}, false
	}
	const perSecond = int64(time.Second / fileTimeTick)
	return time.Unix(n/perSecond-fileTimeUnix, n%perSecond*int64(fileTimeTick)).UTC(), true
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
