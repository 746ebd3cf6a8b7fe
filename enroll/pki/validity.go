// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"errors"
	"fmt"
	"time"
)

// backdate makes certificates good for clients whose clock is slow: they check
// validity by their own clock as soon as they have the certificate.
const backdate = time.Hour

// ErrIssuerExpired is returned when a certificate would not outlive now because
// its issuer's certificate does not.
var ErrIssuerExpired = errors.New("the issuing certificate has expired")

// Validity is the time in which a certificate is good, both ends included.
type Validity struct{ NotBefore, NotAfter time.Time }

// ValidFor returns the validity of a certificate that is made now and lives for
// lifetime, backdated by one hour.
func ValidFor(now time.Time, lifetime time.Duration) Validity {
	return Validity{NotBefore: now.Add(-backdate), NotAfter: now.Add(lifetime)}
}

// rounded returns v in the seconds and zone of certificates, or an error when
// there is nothing between its ends.
func (v Validity) rounded() (Validity, error) {
	v = Validity{NotBefore: v.NotBefore.UTC().Truncate(time.Second), NotAfter: v.NotAfter.UTC().Truncate(time.Second)}
	if !v.NotAfter.After(v.NotBefore) {
		return v, fmt.Errorf("validity ends (%s) before it begins (%s)",
			v.NotAfter.Format(time.RFC3339), v.NotBefore.Format(time.RFC3339))
	}
	return v, nil
}

// within cuts v to the issuer's validity. What is left must reach beyond the
// hour of backdating, or the certificate would be made expired.
func (v Validity) within(issuer Validity) (Validity, error) {
	v, err := v.rounded()
	if err != nil {
		return v, err
	}
	if v.NotBefore.Before(issuer.NotBefore) {
		v.NotBefore = issuer.NotBefore
	}
	if v.NotAfter.After(issuer.NotAfter) {
		if !issuer.NotAfter.After(v.NotBefore.Add(backdate)) {
			return v, fmt.Errorf("%w (%s)", ErrIssuerExpired, issuer.NotAfter.UTC().Format(time.RFC3339))
		}
		v.NotAfter = issuer.NotAfter
	}
	if !v.NotAfter.After(v.NotBefore) {
		return v, fmt.Errorf("validity ends (%s) before the issuing certificate's begins (%s)",
			v.NotAfter.Format(time.RFC3339), v.NotBefore.Format(time.RFC3339))
	}
	return v, nil
}
