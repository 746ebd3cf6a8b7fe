// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import "regexp"

// storyLines is how many lines a Story has.
const storyLines = 16

// The daemon logs with the name of its source file. Of some thousand lines these
// tell what became of connections, messages, files and calls.
var (
	telling = regexp.MustCompile(`\|(connectionmanager|conversation\w*|message_engine|jamiaccount|account_manager|server_account_manager` +
		`|gitserver|sipcall|tls_session|turn_\w+|data_transfer)\.cpp|TURN|Caught signal|terminate called`)
	chatter = regexp.MustCompile(`Added local ICE|State is not SENDING|saved \d+ messages|Found \d+ devices|Got server|OCSP Re` +
		`|Refresh cache|Updating OCSP|vcard|User identity|fetch commits for peer|Store DHT public`)
)

// Story returns the last lines of the log that tell of connections, messages,
// files and calls, for the output of a failed test.
func (c *Client) Story() ([]string, error) {
	return c.Log().Tail(storyLines, func(line string) bool {
		return telling.MatchString(line) && !chatter.MatchString(line)
	})
}
