// SPDX-License-Identifier: GPL-3.0-or-later

// Package appliance puts the rooms together: it opens the data folder, builds
// the services from one configuration, hands each what it needs of the others,
// and runs them under the supervisor. It holds no logic of a service; the
// services do not know each other.
package appliance
