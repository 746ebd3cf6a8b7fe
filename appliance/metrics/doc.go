// SPDX-License-Identifier: GPL-3.0-or-later

// Package metrics shows numbers of the box to Prometheus, over plain HTTP under
// /metrics. They are read when they are asked for, and cost nothing otherwise.
// No label names a person, a device or an address, so that there are never more
// series than a box has parts.
//
// It must not know how the numbers come about: the appliance hands in where
// they are read.
package metrics
