// SPDX-License-Identifier: GPL-3.0-or-later

// Command bench measures the relay. "bench figures" compares it with coturn on
// the same machine in the same run and prints one table; "bench soak" keeps it
// under a mixed load and fails if data is lost or anything stays behind.
//
// It holds no code of the product, and knows the relay only by the wire, by
// what the kernel accounts to its process, and by its own counts.
package main
