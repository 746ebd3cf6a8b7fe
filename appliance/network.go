// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"net"
	"net/netip"

	"jamibox/appliance/config"
	"jamibox/dht"
	"jamibox/enroll"
	"jamibox/enroll/organization"
	"jamibox/enroll/policy"
)

// network tells clients where the services of the box are.
type network struct {
	cfg   config.Config
	org   *organization.Holder
	relay *relay
}

// addresses returns how clients reach the box: the configured or set-up
// addresses, else the host of the public URL.
func (n network) addresses() []string {
	if told := n.cfg.Turn.AdvertisedAddrs(); len(told) > 0 {
		return told
	}
	if org, err := n.org.Current(); err == nil && len(org.Advertise) > 0 {
		return org.Advertise
	}
	return []string{enroll.PublicHost(enroll.Config{Server: n.cfg.Server}, n.org)}
}

// Bootstrap returns the box's own node; where that is switched off, the
// configured ones, and failing these the box all the same, since a client with
// no bootstrap asks the public one.
func (n network) Bootstrap() []string {
	if !n.cfg.DHT.Enabled && len(n.cfg.DHT.Bootstrap) > 0 {
		return n.cfg.DHT.Bootstrap
	}
	port := portOf(n.cfg.DHT.Listen)
	var nodes []string
	for _, addr := range n.addresses() {
		nodes = append(nodes, net.JoinHostPort(addr, port))
	}
	return nodes
}

// Proxy returns the URL of the DHT proxy. Its host is that of the public URL,
// which the certificate is good for; but clients cannot read an IPv6 address
// there, so an IPv4 address of the box stands in for one.
func (n network) Proxy() (url string, use bool) {
	if !n.cfg.DHT.HasProxy() {
		return "", false
	}
	host := enroll.PublicHost(enroll.Config{Server: n.cfg.Server}, n.org)
	if ip, err := netip.ParseAddr(host); err == nil && !ip.Is4() {
		if host = n.relayHost(); !isIPv4(host) {
			return "", false
		}
	}
	return "https://" + net.JoinHostPort(host, portOf(n.cfg.DHT.ProxyListen)), n.cfg.DHT.ProxyPush == dht.ProxyPushAll
}

const defaultTurnPort = "3478"

// Relay returns the relay with a device's credentials. Clients use the text of
// the server as a file name, so the usual port is left out.
func (n network) Relay(deviceID string) (policy.Relay, bool) {
	if !n.cfg.Turn.Enabled || len(n.cfg.Turn.Listen) == 0 {
		return policy.Relay{}, false
	}
	creds, err := n.relay.credentials()
	if err != nil {
		return policy.Relay{}, false
	}
	r := policy.Relay{Server: n.relayHost(), Realm: n.cfg.Turn.Realm}
	if port := portOf(n.cfg.Turn.Listen[0]); port != defaultTurnPort {
		r.Server = net.JoinHostPort(r.Server, port)
	}
	r.Username, r.Password = creds.For(deviceID)
	return r, true
}

// relayHost returns the first IPv4 address: Jami clients use no other in ICE.
func (n network) relayHost() string {
	addresses := n.addresses()
	for _, addr := range addresses {
		if isIPv4(addr) {
			return addr
		}
	}
	return addresses[0]
}

func isIPv4(text string) bool {
	ip, err := netip.ParseAddr(text)
	return err == nil && ip.Is4()
}

func portOf(listen string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return ""
	}
	return port
}
