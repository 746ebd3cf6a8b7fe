// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"crypto/tls"
	"time"

	"jamibox/dht/limit"
	"jamibox/dht/node"
	"jamibox/dht/wire"
)

// Node is the node that the proxy stands for, as [node.Node] is.
type Node interface {
	Running() bool
	Stats() node.Stats
	GetEach(ctx context.Context, key wire.ID, found func(packed []byte)) error
	Put(ctx context.Context, key wire.ID, packed []byte) (nodes int, err error)
	Listen(ctx context.Context, key wire.ID, tell func(packed []byte, expired bool)) error
}

// Certificate finds the certificate for a TLS client, as in [tls.Config].
type Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// Config is what a Server needs besides the node. The zero value is not usable;
// see DefaultConfig.
type Config struct {
	// Listen is the TCP address to serve at.
	Listen string
	// Certificate must not be nil.
	Certificate Certificate
	// Limits bounds what clients can make grow.
	Limits Limits
}

// Limits bounds what clients can make grow. Those per source hold for one IPv4
// address or one IPv6 network of 64 bits, behind which a whole site may sit.
type Limits struct {
	// Requests bounds the requests in a second; its BytesPerAddress is not used.
	Requests limit.Config
	// Connections and ConnectionsPerSource bound the connections at a time.
	Connections, ConnectionsPerSource int
	// Listeners and ListenersPerSource bound the answers that do not end. Each has
	// a connection.
	Listeners, ListenersPerSource int
	// Permanent and PermanentPerSource bound the values that are kept alive, and
	// PermanentBytes their packed bytes.
	Permanent, PermanentPerSource int
	PermanentBytes                int
}

// DefaultLimits fits a site of some thousand phones, all behind one address. A
// listener takes about 50 KB of memory.
func DefaultLimits() Limits {
	return Limits{
		Requests:    limit.Config{Requests: 16384, RequestsPerAddress: 8192},
		Connections: 20480, ConnectionsPerSource: 16384,
		Listeners: 16384, ListenersPerSource: 12288,
		Permanent: 32768, PermanentPerSource: 16384, PermanentBytes: 64 << 20,
	}
}

const (
	// maxBody is the size in bytes of the largest request. A value of the largest
	// size takes 87 KiB, its signature and owner's key less than 3.
	maxBody = 128 << 10
	// maxHeader is that of its head.
	maxHeader = 16 << 10
	// readTimeout bounds the handshake, and then each request until it is read.
	readTimeout = 20 * time.Second
	// idleTimeout is how long a connection may wait for its next request.
	idleTimeout = 2 * time.Minute
	// writeTimeout bounds each write.
	writeTimeout = 30 * time.Second
	// searchTimeout bounds a get or put: nodes that are gone cost eight seconds.
	searchTimeout = 25 * time.Second
	// drainTime is how long requests have to end when the proxy stops.
	drainTime = 3 * time.Second
	// A peer that vanished is noticed after keepAliveIdle and some more minutes;
	// more often would cost phones their battery.
	keepAliveIdle     = 4 * time.Minute
	keepAliveInterval = 30 * time.Second
	keepAliveCount    = 4
)
