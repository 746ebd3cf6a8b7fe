// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// slowFlag is the flag of the test program that adds the slow points.
const slowFlag = "slow"

func TestMain(m *testing.M) {
	flag.Bool(slowFlag, false, "also try the points that take long or much of the machine")
	flag.Parse()
	// Points mostly wait, so that many are asked at once.
	if err := flag.Set("test.parallel", "64"); err != nil {
		panic(err) // the testing package has that flag
	}
	goleak.VerifyTestMain(m)
}

func slow() bool { return flag.Lookup(slowFlag).Value.String() == "true" }

// environment is that of programs that are started: ours may hold secrets.
func environment() []string { return []string{"PATH=" + os.Getenv("PATH")} }
