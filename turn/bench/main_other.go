// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: it needs Linux, by whose accounting it measures")
	os.Exit(1)
}
