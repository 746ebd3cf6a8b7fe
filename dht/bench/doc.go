// SPDX-License-Identifier: GPL-3.0-or-later

// Command bench compares the builtin DHT node with dhtnode on the same machine
// in the same run, and prints one table: speed, CPU time, latency and memory.
//
// It holds no code of the product, and knows a node only by the wire and by
// what the kernel accounts to its process. Both nodes run without rate limits.
//
// With -soak it loads the builtin node alone, with its limits, at a steady rate
// and with datagrams of enemies, and looks whether it grows.
package main
