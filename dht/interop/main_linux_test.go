// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"flag"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Flags of the test program.
const (
	fullFlag  = "full"
	churnFlag = "churn"
)

// patience bounds the wait for what has to come soon.
const patience = time.Minute

func TestMain(m *testing.M) {
	flag.Bool(fullFlag, false, "also wait for what takes minutes")
	flag.Duration(churnFlag, 0, "how long TestChurn has nodes come and go")
	flag.Parse()
	// Tests mostly wait.
	if err := flag.Set("test.parallel", "128"); err != nil {
		panic(err) // the testing package has that flag
	}
	goleak.VerifyTestMain(m)
}

func full() bool { return flag.Lookup(fullFlag).Value.(flag.Getter).Get().(bool) }

func churn() time.Duration { return flag.Lookup(churnFlag).Value.(flag.Getter).Get().(time.Duration) }

// environment is that of programs that are started: ours may hold secrets.
func environment() []string { return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"} }
