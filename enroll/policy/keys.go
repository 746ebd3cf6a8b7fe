// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// kind is what a setting's text must look like.
type kind int

const (
	boolean kind = iota
	integer
	port
	text
	// needed is text that must not be empty: clients would put the public
	// server in its place.
	needed
	jsonObject
	// secret is text that is sealed at rest and never shown again.
	secret
)

// String returns what is expected of a value.
func (k kind) String() string {
	return map[kind]string{
		boolean: "true or false", integer: "whole number", port: "port, 0 to 65535", text: "text",
		needed: "text, not empty", jsonObject: "JSON object", secret: "secret text",
	}[k]
}

type key struct {
	kind    kind
	meaning string
}

// keys are the account details that the parser of Jami clients honours and
// that an administrator may set (jami-clients.md, section 3).
var keys = map[string]key{
	"Account.accountDiscovery":       {boolean, "look for Jami accounts on the local network"},
	"Account.accountPublish":         {boolean, "announce the account on the local network"},
	"Account.activeCallLimit":        {integer, "calls at a time; -1 for any number, 0 for do not disturb"},
	"Account.alias":                  {text, "name of the account on the device"},
	"Account.allModeratorEnabled":    {boolean, "everybody in a conference is a moderator"},
	"Account.allowCertFromContact":   {boolean, "contacts may call and write"},
	"Account.allowCertFromHistory":   {boolean, "who was called before may call and write"},
	"Account.audioPortMax":           {port, "last port of sound in calls; with Account.audioPortMin"},
	"Account.audioPortMin":           {port, "first port of sound in calls; with Account.audioPortMax"},
	"Account.autoAnswer":             {boolean, "answer calls without asking"},
	"Account.bootstrapListUrl":       {text, "list of DHT nodes; clients of today do not read it"},
	"Account.defaultModerators":      {text, "Jami ids of moderators of conferences, separated by /"},
	"Account.denySecondCall":         {boolean, "refuse calls during a call"},
	"Account.dhtPort":                {port, "UDP port of the client's DHT node; 0 for any"},
	"Account.dhtProxyListUrl":        {text, "where Account.proxyListEnabled finds proxies"},
	"Account.dhtProxyServerEnabled":  {boolean, "the client is a DHT proxy for others"},
	"Account.dhtProxyServerPort":     {port, "port of that proxy"},
	"Account.enable":                 {boolean, "the account is switched on"},
	"Account.hostname":               {needed, "DHT nodes to start from, host:port, separated by ;"},
	"Account.localInterface":         {text, "network interface to be used; default for any"},
	"Account.localModeratorsEnabled": {boolean, "other accounts of the device are moderators too"},
	"Account.peerDiscovery":          {boolean, "find DHT nodes on the local network"},
	"Account.proxyEnabled":           {boolean, "use a DHT proxy instead of a node of one's own"},
	"Account.proxyListEnabled":       {boolean, "take the proxy from Account.dhtProxyListUrl"},
	"Account.proxyServer":            {text, "URL of the DHT proxy"},
	"Account.publishedAddress":       {text, "address that peers are told, if not the local one"},
	"Account.publishedSameAsLocal":   {boolean, "peers are told the local address"},
	"Account.rendezVous":             {boolean, "callers are put into one conference"},
	"Account.ringtoneEnabled":        {boolean, "play a ringtone"},
	"Account.ringtonePath":           {text, "file of the ringtone on the device"},
	"Account.sendComposing":          {boolean, "show others that one is typing"},
	"Account.sendReadReceipt":        {boolean, "show others what was read"},
	"Account.uiCustomization":        {jsonObject, "look of the client's welcome page"},
	"Account.upnpEnabled":            {boolean, "have routers open ports"},
	"Account.useragent":              {text, "name under which the client shows itself to servers"},
	"Account.videoEnabled":           {boolean, "calls with video"},
	"Account.videoPortMax":           {port, "last port of video in calls; with Account.videoPortMin"},
	"Account.videoPortMin":           {port, "first port of video in calls; with Account.videoPortMax"},
	"DHT.AllowFromTrusted":           {boolean, "members of the organisation need no invitation"},
	"DHT.PublicInCalls":              {boolean, "strangers may call and write"},
	"TURN.enable":                    {boolean, "use a relay"},
	"TURN.password":                  {secret, "password at the relay"},
	"TURN.realm":                     {text, "realm of the relay"},
	"TURN.server":                    {needed, "host of the relay, with a port unless it is 3478"},
	"TURN.username":                  {text, "user name at the relay"},
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

// Key is a setting that an administrator may set.
type Key struct {
	Name string `json:"key"`
	// Expects says what its value looks like.
	Expects string `json:"expects"`
	Meaning string `json:"meaning"`
}

// Keys returns all settings that an administrator may set, by name.
func Keys() []Key {
	list := make([]Key, 0, len(keys))
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		list = append(list, Key{name, keys[name].kind.String(), keys[name].meaning})
	}
	return list
}

// IsSecret tells whether the value of a setting is sealed and never shown.
func IsSecret(name string) bool { return keys[name].kind == secret }

// maxMistaken is the longest text that is compared with the known keys.
const maxMistaken = 64

// nearest returns the known key that was probably meant, or "".
func nearest(name string) string {
	if len(name) > maxMistaken {
		return ""
	}
	name = strings.ToLower(name)
	best, least := "", 0
	for _, known := range slices.Sorted(maps.Keys(keys)) {
		whole := strings.ToLower(known)
		_, last, _ := strings.Cut(whole, ".")
		d := min(levenshtein.ComputeDistance(name, whole), levenshtein.ComputeDistance(name, last))
		if best == "" || d < least {
			best, least = known, d
		}
	}
	if least > len(name)/3 {
		return ""
	}
	return best
}
