// SPDX-License-Identifier: GPL-3.0-or-later

package pki

// OCSPErrorCode is an unsuccessful responseStatus of RFC 6960 section 4.2.1.
type OCSPErrorCode byte

// The unsuccessful answers of our responder.
const (
	OCSPMalformedRequest OCSPErrorCode = 1
	OCSPInternalError    OCSPErrorCode = 2
	OCSPTryLater         OCSPErrorCode = 3
	OCSPUnauthorized     OCSPErrorCode = 6
)

// OCSPError returns the DER response, which is not signed, for an unsuccessful
// request.
func OCSPError(code OCSPErrorCode) []byte {
	return []byte{0x30, 3, 0x0a, 1, byte(code)} // SEQUENCE { ENUMERATED code }
}
