// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const (
	checkTimeout = 3 * time.Second
	// maxInfo bounds what the check reads.
	maxInfo = 64 << 10
)

// Check asks the running proxy as a client would: it must tell of its node. It
// heeds ctx and takes at most three seconds.
func (s *Server) Check(ctx context.Context) error {
	addr := s.Addr()
	if addr == nil {
		return ErrNotRunning
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	// Whom the certificate names is for clients to check: this is the way to
	// ourselves.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	url := "https://" + reachable(addr) + "/node/info"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking the dht proxy: %w", err)
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("asking the dht proxy: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the dht proxy: it answered %q", answer.Status)
	}
	var info nodeInfo
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxInfo)).Decode(&info); err != nil {
		return fmt.Errorf("reading the answer of the dht proxy: %w", err)
	}
	if want := s.node.Stats().ID.String(); info.NodeID != want {
		return fmt.Errorf("the dht proxy speaks for node %s, not for %s", info.NodeID, want)
	}
	return nil
}

// reachable returns where this machine reaches what listens at the address.
func reachable(addr net.Addr) string {
	bound, err := netip.ParseAddrPort(addr.String())
	if err != nil || !bound.Addr().IsUnspecified() {
		return addr.String()
	}
	// The wildcard address of IPv6 takes IPv4 as well.
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), bound.Port()).String()
}
