// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"errors"

	"golang.org/x/sys/windows"
)

func isAddrInUse(err error) bool { return errors.Is(err, windows.WSAEADDRINUSE) }
