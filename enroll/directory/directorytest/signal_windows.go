// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"os"
	"testing"
)

func pause(t testing.TB, _ *os.Process) {
	t.Helper()
	t.Skip("processes cannot be paused on Windows")
}

func resume(t testing.TB, _ *os.Process) {
	t.Helper()
	t.Skip("processes cannot be paused on Windows")
}
