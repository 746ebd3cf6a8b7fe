// SPDX-License-Identifier: GPL-3.0-or-later

// Package routing knows the nodes of one address family of the DHT: who they
// are, which of them are good, which are closest to a target, and whom to ask
// next so that this stays true.
//
// A node in the middle of a large network keeps eight nodes for each bucket,
// because it cannot keep all. This one is the rendezvous of a private site:
// everybody talks to it, and peers find each other through it. So the Table
// keeps a record of every node that ever answered, up to a bound, and lists
// from all of them: a find near a target gets the closest good nodes that the
// box knows, in one step, where lists out of buckets would send the peer on for
// two or three. The records that may be listed are the leaves of a binary trie
// over their ids; a walk that always turns to the target's side first meets
// them in XOR order, so that nothing is sorted. Buckets remain as what they are
// for maintenance: ranges of ids, by the number of leading bits shared with our
// own, which must not fall silent. There is no full bucket, hence no spare node.
//
// What a datagram claims leads to a ping, and only an answer changes the table:
//
//   - An unknown endpoint is pinged at once, and recorded and listed when it
//     answers. Until then nothing is kept but when it was asked.
//   - An endpoint has one id: that of its last answer. An id has one endpoint:
//     the first that answered, until that leaves a try unanswered while
//     another endpoint answers under the same id.
//   - Client nodes are never listed, nor recorded.
//   - A node that was silent for 90 s is pinged; one that leaves three tries
//     unanswered is expired. Any datagram revives it; it is pinged at once and
//     listed again with its answer. Expired nodes are pinged after 1, 2, 4 ... 32
//     minutes, which is what joins a network again that was cut in two.
//   - The records of live nodes at one IP address (one /64 of IPv6) are bounded,
//     generously, since a whole site may sit behind one address.
//
// The package opens no socket, starts no goroutine and takes the time as an
// argument. It must not know messages, transactions or stored values.
package routing
