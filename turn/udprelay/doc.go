// SPDX-License-Identifier: GPL-3.0-or-later

// Package udprelay serves UDP allocations (RFC 8656) to clients that come over
// UDP or over a stream.
//
// The relaying core is pion/turn v3. It has one client only, the gate of this
// package: the gate authenticates and checks each request, asks pion for what
// the request needs in a request of its own, and answers the client itself. So
// no request that pion answers wrongly, and none that it is not safe from, gets
// that far. Data in channels passes pion by, since all that pion would add to it
// are texts for a log that nobody reads and a copy. Indications go through pion.
// Three rules keep it safe:
//
//   - An allocation ends only inside pion's read loop, through a Refresh that
//     the gate makes up. pion's own timers are kept from firing and relayed
//     sockets are closed by nobody else, because pion crashes if an allocation
//     is closed while a permission is being added.
//   - Nothing reaches pion for a client without an allocation, nor a message
//     that has not been decoded, nor more permissions and channels than a bound.
//   - pion never sees a read error before the end of the whole socket.
//
// The package must not know users, credentials, HTTP or databases, nor how
// streams are accepted or framed.
package udprelay
