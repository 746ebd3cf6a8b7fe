// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package lab

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
)

// separation drops and counts all that the server's namespace would forward.
const separation = `add table inet lab
add chain inet lab forward { type filter hook forward priority 0; policy drop; }
add rule inet lab forward counter drop`

// dropped is how the program nft tells of the counter.
var dropped = regexp.MustCompile(`counter packets (\d+)`)

// Separate lets no packet pass between the client networks any more; both reach
// the server as before. It needs the program nft.
func (l *Lab) Separate(ctx context.Context) error {
	return l.Server.Run(ctx, "nft", separation)
}

// Dropped is how many packets of a separated lab the router dropped.
func (l *Lab) Dropped(ctx context.Context) (int, error) {
	out, err := l.Server.Output(ctx, "nft", "list", "chain", "inet", "lab", "forward")
	if err != nil {
		return 0, err
	}
	found := dropped.FindStringSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("reading how many packets were dropped: no counter in %q", out)
	}
	return strconv.Atoi(found[1])
}
