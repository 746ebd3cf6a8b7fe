// SPDX-License-Identifier: GPL-3.0-or-later

package policy

// risks are settings that do more than they seem to; those without a value do
// with any.
var risks = []struct{ key, value, why string }{
	{"Account.accountPublish", "true", "everybody on the local network sees whose account it is"},
	{"Account.autoAnswer", "true", "whoever may call hears and sees the room, with nobody having picked up"},
	{"Account.dhtProxyServerEnabled", "true", "each client opens a port and serves others"},
	{"Account.enable", "false", "the client switches the account off and asks for no settings any more: only its owner can switch it on again"},
	{"Account.hostname", "", "clients start from these nodes instead of the box's own"},
	{"Account.peerDiscovery", "false", "while the box is down, clients do not find each other on the local network either"},
	{"Account.proxyListEnabled", "true", "clients use a proxy of the list at Account.dhtProxyListUrl instead of Account.proxyServer"},
	{"Account.rendezVous", "true", "callers are put together without being asked: for meeting rooms, not for people"},
	{"Account.upnpEnabled", "true", "clients have routers open ports to them"},
	{"DHT.AllowFromTrusted", "false", "members of the organisation have to invite each other, and each invitation has to be accepted"},
	{"DHT.PublicInCalls", "true", "strangers may call and write"},
	{"TURN.enable", "false", "people on networks that cannot reach each other cannot talk"},
}

// Warnings returns what an administrator has to know who adds these settings.
func Warnings(settings Settings) []string {
	warnings := []string{}
	for _, r := range risks {
		value, set := settings[r.key]
		if set && value != nil && (r.value == "" || *value == r.value) {
			warnings = append(warnings, r.key+": "+r.why)
		}
	}
	_, server := settings["TURN.server"]
	_, username := settings["TURN.username"]
	_, password := settings["TURN.password"]
	if server && (!username || !password) {
		warnings = append(warnings, "TURN.server: without TURN.username, TURN.password and TURN.realm it is sent with the credentials of the box's relay")
	}
	return warnings
}
