// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/go-ldap/ldap/v3"
)

// advice is what to do about a result of the server's, by its code.
func advice(code uint16) string {
	switch code {
	case ldap.LDAPResultOperationsError:
		return "it answers such questions only to an account: give bind_dn and its password"
	case ldap.LDAPResultTimeLimitExceeded:
		return "the server gave up: raise its time limit for the service account, or index the attributes of the filter"
	case ldap.LDAPResultSizeLimitExceeded:
		return "the server returns no more entries to this account: raise its size limit, or page"
	case ldap.LDAPResultAuthMethodNotSupported:
		return "the server does not take simple binds"
	case ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired:
		return "the server wants an encrypted connection: switch on StartTLS or LDAPS"
	case ldap.LDAPResultReferral:
		return "what was asked for lies on another server: give that one's URL"
	case ldap.LDAPResultAdminLimitExceeded:
		return "the server forbids so large or paged answers to this account: raise its limits"
	case ldap.LDAPResultNoSuchObject:
		return "there is no such base, or the service account may not see it"
	case ldap.LDAPResultInvalidDNSyntax:
		return "the name has to be a DN here, such as cn=reader,dc=example,dc=org"
	case ldap.LDAPResultInappropriateAuthentication:
		return "the server takes no anonymous connections, or the account has no password: give bind_dn and its password"
	case ldap.LDAPResultInvalidCredentials:
		return "wrong name or password"
	case ldap.LDAPResultInsufficientAccessRights:
		return "the account may not read this: give it the right, or finish the change of its password"
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return "the server is overloaded or stopping: try again"
	case ldap.LDAPResultUnwillingToPerform:
		return "the server refuses this; its log tells why"
	}
	return ""
}

// describe returns a result as code, name, the server's own words and advice.
func describe(err error) string {
	var result *ldap.Error
	if !errors.As(err, &result) {
		return err.Error()
	}
	text := fmt.Sprintf("code %d %s", result.ResultCode, ldap.LDAPResultCodeMap[result.ResultCode])
	if result.Err != nil {
		if own := printable(result.Err.Error()); own != "" {
			text += ": " + own
		}
	}
	if urls := referral(result); urls != "" {
		text += ": " + urls
	}
	if a := advice(result.ResultCode); a != "" {
		text += "; " + a
	}
	return text
}

// referral returns where a result refers to (RFC 4511, section 4.1.10).
func referral(result *ldap.Error) string {
	const operation, referred = 1, 3
	if result.ResultCode != ldap.LDAPResultReferral || result.Packet == nil || len(result.Packet.Children) <= operation {
		return ""
	}
	parts := result.Packet.Children[operation].Children
	if len(parts) <= referred {
		return ""
	}
	var urls []string
	for _, u := range parts[referred].Children {
		if text, ok := u.Value.(string); ok {
			urls = append(urls, printable(text))
		}
	}
	return strings.Join(urls, ", ")
}

// printable returns a server's words as logs and pages may show them.
func printable(words string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(words, "?")))
}

// isResult tells whether the server itself answered so.
func isResult(err error, codes ...uint16) bool {
	var result *ldap.Error
	if !errors.As(err, &result) {
		return false
	}
	for _, code := range codes {
		if result.ResultCode == code {
			return true
		}
	}
	return false
}

// isLost tells whether the connection is of no use any more.
func isLost(err error) bool {
	var result *ldap.Error
	switch {
	case err == nil, errors.Is(err, ldap.ErrSizeLimitExceeded):
		return false
	case !errors.As(err, &result):
		return true
	}
	return result.ResultCode == ldap.ErrorNetwork || result.ResultCode == ldap.ErrorUnexpectedResponse
}

// limited tells whether the server cut an answer off on purpose.
func limited(err error) bool {
	return isResult(err, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultSizeLimitExceeded,
		ldap.LDAPResultAdminLimitExceeded, ldap.LDAPResultReferral)
}

// judge tells apart, for a question of the service account's, a server that
// cannot answer now from one that never will.
func (c *Client) judge(s server, what string, err error) error {
	if isLost(err) {
		return c.broken(s, err)
	}
	words := fmt.Sprintf("%s: %s: %s", s, what, describe(err))
	if isResult(err, ldap.LDAPResultBusy, ldap.LDAPResultUnavailable, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultOther) {
		return &Unavailable{Reason: words, Err: err}
	}
	return &Misconfigured{Reason: words, Err: err}
}

var adData = regexp.MustCompile(`\bdata ([0-9A-Fa-f]{1,8})\b`)

// adCode returns the reason that Active Directory gives in the words of a
// refused bind, "" if there is none.
func adCode(diagnostic string) string {
	m := adData.FindStringSubmatch(diagnostic)
	if m == nil {
		return ""
	}
	return strings.ToLower(m[1])
}
