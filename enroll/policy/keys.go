// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrInvalid tells that a setting cannot be sent to clients; the text says why.
var ErrInvalid = errors.New("invalid client setting")

// valueKind is what a setting's text must look like.
type valueKind int

const (
	boolean valueKind = iota
	integer
	port
	text
	// needed is text that must not be empty: clients would put the public
	// server in its place.
	needed
	jsonObject
)

// keys are the account details that the parser of Jami clients honours and
// that an administrator may set (jami-clients.md, section 3).
var keys = map[string]valueKind{
	"Account.accountDiscovery":       boolean,
	"Account.accountPublish":         boolean,
	"Account.activeCallLimit":        integer,
	"Account.alias":                  text,
	"Account.allModeratorEnabled":    boolean,
	"Account.allowCertFromContact":   boolean,
	"Account.allowCertFromHistory":   boolean,
	"Account.audioPortMax":           port,
	"Account.audioPortMin":           port,
	"Account.autoAnswer":             boolean,
	"Account.bootstrapListUrl":       text,
	"Account.defaultModerators":      text,
	"Account.denySecondCall":         boolean,
	"Account.dhtPort":                port,
	"Account.dhtProxyListUrl":        text,
	"Account.dhtProxyServerEnabled":  boolean,
	"Account.dhtProxyServerPort":     port,
	"Account.enable":                 boolean,
	"Account.hostname":               needed,
	"Account.localModeratorsEnabled": boolean,
	"Account.peerDiscovery":          boolean,
	"Account.proxyEnabled":           boolean,
	"Account.proxyListEnabled":       boolean,
	"Account.proxyServer":            text,
	"Account.rendezVous":             boolean,
	"Account.ringtoneEnabled":        boolean,
	"Account.sendComposing":          boolean,
	"Account.sendReadReceipt":        boolean,
	"Account.uiCustomization":        jsonObject,
	"Account.upnpEnabled":            boolean,
	"Account.useragent":              text,
	"Account.videoEnabled":           boolean,
	"Account.videoPortMax":           port,
	"Account.videoPortMin":           port,
	"DHT.AllowFromTrusted":           boolean,
	"DHT.PublicInCalls":              boolean,
	"TURN.enable":                    boolean,
	"TURN.password":                  text,
	"TURN.realm":                     text,
	"TURN.server":                    needed,
	"TURN.username":                  text,
}

// denied are the prefixes of settings that clients would take, to their harm.
var denied = []struct{ prefix, why string }{
	{"TLS.", "it points the client to other key files and breaks its identity"},
	{"Account.proxyPush", "it overwrites the device's own push registration"},
	{"proxyPush", "it overwrites the device's own push registration"},
	{"Account.archive", "it concerns the device's own archive and its password"},
	{"Account.managerUri", "it would send clients to another server"},
	{"Account.managerUsername", "it would give clients another person's name"},
	{"RingNS.", "the name server is always the box itself"},
}

const maxValueBytes = 8 << 10

// Check returns why a setting must not be sent to clients, wrapped in
// ErrInvalid, or nil.
func Check(key, value string) error {
	for _, d := range denied {
		if strings.HasPrefix(strings.ToLower(key), strings.ToLower(d.prefix)) {
			return fmt.Errorf("%w: %s is never sent to clients: %s", ErrInvalid, key, d.why)
		}
	}
	kind, known := keys[key]
	if !known {
		return fmt.Errorf("%w: %s is not a setting that Jami clients take from a server", ErrInvalid, key)
	}
	if len(value) > maxValueBytes || !utf8.ValidString(value) {
		return fmt.Errorf("%w: %s: text of at most %d bytes is expected", ErrInvalid, key, maxValueBytes)
	}
	switch kind {
	case boolean:
		if value != "true" && value != "false" {
			return fmt.Errorf("%w: %s: %q: true or false is expected", ErrInvalid, key, value)
		}
	case integer:
		if _, err := strconv.ParseInt(value, 10, 32); err != nil {
			return fmt.Errorf("%w: %s: %q: a whole number is expected", ErrInvalid, key, value)
		}
	case port:
		if _, err := strconv.ParseUint(value, 10, 16); err != nil {
			return fmt.Errorf("%w: %s: %q: a port from 0 to 65535 is expected", ErrInvalid, key, value)
		}
	case needed:
		if strings.TrimSpace(value) == "" {
			return fmt.Errorf("%w: %s: empty, it would send clients to the public server", ErrInvalid, key)
		}
	case jsonObject:
		var object map[string]any
		if value != "" && (json.Unmarshal([]byte(value), &object) != nil || object == nil) {
			return fmt.Errorf("%w: %s: a JSON object is expected", ErrInvalid, key)
		}
	}
	return nil
}

// checkRange returns why a pair of ports would be ignored by clients, or nil:
// they want both ends, none of them 0, and the second above the first.
func checkRange(settings map[string]string, media string) error {
	lowKey, highKey := "Account."+media+"PortMin", "Account."+media+"PortMax"
	lowText, hasLow := settings[lowKey]
	highText, hasHigh := settings[highKey]
	if !hasLow && !hasHigh {
		return nil
	}
	low, lowErr := strconv.ParseUint(lowText, 10, 16)
	high, highErr := strconv.ParseUint(highText, 10, 16)
	if lowErr != nil || highErr != nil || low == 0 || high <= low {
		return fmt.Errorf("%w: %s, %s: %q, %q: both are needed, above 0, and the second larger", ErrInvalid, lowKey, highKey, lowText, highText)
	}
	return nil
}
