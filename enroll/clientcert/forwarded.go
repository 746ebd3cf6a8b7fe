// SPDX-License-Identifier: GPL-3.0-or-later

package clientcert

import (
	"fmt"
	"strings"
)

// isForwarded recognises Envoy's X-Forwarded-Client-Cert, which starts with
// one of the keys its documentation lists.
func isForwarded(value string) bool {
	key, _, found := strings.Cut(value, "=")
	if !found {
		return false
	}
	switch strings.ToLower(key) {
	case "by", "hash", "cert", "chain", "subject", "uri", "dns":
		return true
	}
	return false
}

// forwardedCertificate returns the escaped certificate of the last element:
// the one the proxy has seen itself, the others it was only told about. Chain
// starts with the same certificate and serves if Cert is absent.
func forwardedCertificate(value string) (string, error) {
	elements := splitQuoted(value, ',')
	last := elements[len(elements)-1]
	var chain string
	for _, pair := range splitQuoted(last, ';') {
		key, content, _ := strings.Cut(strings.TrimSpace(pair), "=")
		content = strings.Trim(content, `"`)
		switch {
		case content == "":
		case strings.EqualFold(key, "Cert"):
			return content, nil
		case strings.EqualFold(key, "Chain"):
			chain = content
		}
	}
	if chain == "" {
		return "", fmt.Errorf("%w: the element has no Cert; let Envoy add it (set_current_client_cert_details)", ErrMalformed)
	}
	return chain, nil
}

// splitQuoted splits at separators outside double quotes, in which a
// backslash takes the meaning from the next character.
func splitQuoted(s string, separator byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
