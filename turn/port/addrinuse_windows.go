// SPDX-License-Identifier: GPL-3.0-or-later

package port

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isAddrInUse counts WSAEACCES as well: Windows answers so for ports that a
// service has bound exclusively or that the system has set aside.
func isAddrInUse(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}
