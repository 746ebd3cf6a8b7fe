// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Reasons for refusals, in words for the admin.
const (
	ReasonUnknownCA      = "the client does not trust the root certificate of this server"
	ReasonBadCertificate = "the client refused the server certificate: its root is not trusted there, or the address the client uses is not among its names"
	ReasonExpired        = "the client takes the server certificate for expired: check the certificate and the clock of the client"
	ReasonNothingCommon  = "client and server have no TLS version or cipher in common"
	ReasonPlainHTTP      = "the client spoke plain HTTP to the TLS port"
	ReasonNotTLS         = "the client did not speak TLS"
	ReasonTimeout        = "the client did not finish the handshake in time"
	ReasonClosedEarly    = "the client closed the connection during the handshake, perhaps because it does not trust this server"
	ReasonCrowded        = "too many handshakes were under way"
	ReasonOther          = "the handshake broke off: "
)

const maxDetail = 160

// Windows reports its own numbers, which package syscall does not map to the
// POSIX ones; no other system uses them.
const (
	winAborted = syscall.Errno(10053)
	winReset   = syscall.Errno(10054)
)

// reasonOf puts an error of a TLS handshake into words. crypto/tls exports
// neither its alerts nor its refusals of a client, so their text decides; the
// tests hold that against the real thing.
func reasonOf(err error) string {
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &header) && looksLikeHTTP(header.RecordHeader):
		return ReasonPlainHTTP
	case errors.As(err, &header) && header.Conn != nil:
		return ReasonNotTLS
	case isAlert(err):
		return alertReason(err)
	case timedOut(err):
		return ReasonTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, winAborted), errors.Is(err, winReset):
		return ReasonClosedEarly
	case mentions(err, "unsupported versions", "no cipher suite supported", "no key exchanges supported",
		"unsupported application protocols", "signature algorithms", "SSLv2"):
		return ReasonNothingCommon
	}
	return other(err)
}

func alertReason(err error) string {
	switch {
	case mentions(err, "unknown certificate authority"):
		return ReasonUnknownCA
	case mentions(err, "bad certificate", "unknown certificate", "unsupported certificate"):
		return ReasonBadCertificate
	case mentions(err, "expired certificate"):
		return ReasonExpired
	case mentions(err, "protocol version not supported", "insufficient security level", "handshake failure"):
		return ReasonNothingCommon
	}
	return other(err)
}

// isAlert reports whether the client said why it left.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

func mentions(err error, texts ...string) bool {
	message := err.Error()
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(message, text) })
}

// other keeps the detail short, as parts of it come from the client.
func other(err error) string {
	detail := err.Error()
	if len(detail) > maxDetail {
		detail = strings.ToValidUTF8(detail[:maxDetail], "") + "..."
	}
	return ReasonOther + detail
}

func looksLikeHTTP(header [5]byte) bool {
	return slices.ContainsFunc([]string{"GET /", "HEAD ", "POST ", "PUT /", "DELET", "OPTIO", "PATCH", "CONNE", "PROPF"},
		func(start string) bool { return string(header[:]) == start })
}

// answerPlainHTTP tells the person at a browser what to do. It is best effort:
// the connection ends either way.
func answerPlainHTTP(conn io.Writer) {
	_, _ = io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
		"This port speaks HTTPS: write https:// in front of the address.\n")
}
