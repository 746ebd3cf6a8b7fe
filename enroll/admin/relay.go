// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/organization"
)

// ErrNoAllocation tells that no live allocation has that number.
var ErrNoAllocation = errors.New("there is no such allocation; it may have ended")

// Relay is the relay as an administrator sees and steers it. It is safe for
// concurrent use.
type Relay interface {
	// State returns what the relay is doing.
	State() RelayState
	// Allocations returns what is relayed at present, oldest first.
	Allocations(context.Context) ([]Allocation, error)
	// ClosedAllocations returns what ended lately, newest first.
	ClosedAllocations(context.Context) ([]Allocation, error)
	// EndAllocation ends an allocation, or returns ErrNoAllocation.
	EndAllocation(ctx context.Context, id uint64) error
	// RotateSecret gives all devices new passwords. The present ones are
	// accepted until the time it returns, which is zero for an overlap of 0.
	// Errors: organization.ErrOverlap, organization.ErrRotating.
	RotateSecret(ctx context.Context, overlap time.Duration) (until time.Time, err error)
}

// RelayState is what the relay is doing. All but State, Realm, Limits and
// PreviousUntil is zero while it is not running; counters begin at its start.
type RelayState struct {
	// State is the state of the service, or "off".
	State  string `json:"state"`
	Detail string `json:"detail"`
	// Listen holds addresses as "host:port/udp" or "host:port/tcp".
	Listen     []string `json:"listen"`
	Advertised []string `json:"advertised"`
	// Ports is the range of relayed ports, "first-last".
	Ports       string      `json:"ports"`
	Realm       string      `json:"realm"`
	Allocations int         `json:"allocations"`
	Streams     int         `json:"streams"`
	Limits      RelayLimits `json:"limits"`
	// Opened counts allocations that were granted.
	Opened uint64 `json:"opened"`
	// Answers counts error answers by their STUN code.
	Answers        map[string]uint64 `json:"answers"`
	AuthFailures   uint64            `json:"auth_failures"`
	QuotaRefusals  uint64            `json:"quota_refusals"`
	Throttled      uint64            `json:"throttled"`
	RefusedStreams uint64            `json:"refused_streams"`
	// DeniedPeers counts packets and connections to or from peers that clients
	// may not reach.
	DeniedPeers uint64 `json:"denied_peers"`
	// Traffic is what was relayed over each protocol, "udp" and "tcp".
	Traffic map[string]RelayFlow `json:"traffic"`
	// PreviousUntil is there while passwords from before a rotation are accepted.
	PreviousUntil *time.Time `json:"previous_until,omitempty"`
}

// RelayLimits is what clients can have of the relay at a time; 0 is no limit.
type RelayLimits struct {
	Allocations             int `json:"allocations"`
	AllocationsPerDevice    int `json:"allocations_per_device"`
	AllocationsPerSource    int `json:"allocations_per_source"`
	ConnectionsPerDevice    int `json:"connections_per_device"`
	SilentStreamsPerSource  int `json:"silent_streams_per_source"`
	BytesPerSecondPerDevice int `json:"bytes_per_second_per_device"`
}

// RelayFlow is traffic in both directions.
type RelayFlow struct {
	Up   RelayTraffic `json:"up"`   // from clients to peers
	Down RelayTraffic `json:"down"` // from peers to clients
}

// RelayTraffic is an amount of payload; packets are not known of TCP.
type RelayTraffic struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

// Allocation is a relayed address that a client has or had.
type Allocation struct {
	ID uint64 `json:"id"`
	// User, DeviceID and DeviceName are empty where the credentials are not a
	// device's: Jami's built-in ones, and those of the box's own probe.
	User       string `json:"user"`
	DeviceID   string `json:"device_id"`
	DeviceName string `json:"device_name"`
	// RelayUser is the name that the device has for the relay and its log.
	RelayUser string `json:"relay_user"`
	Client    string `json:"client"`
	Server    string `json:"server"`
	Relayed   string `json:"relayed"`
	// Over is what the client speaks to the relay, Protocol what the relay
	// speaks to peers.
	Over        string       `json:"over"`
	Protocol    string       `json:"protocol"`
	Peers       []string     `json:"peers"`
	Connections int          `json:"connections"`
	Up          RelayTraffic `json:"up"`
	Down        RelayTraffic `json:"down"`
	Denied      uint64       `json:"denied"`
	OpenedAt    time.Time    `json:"opened_at"`
	ExpiresAt   time.Time    `json:"expires_at"`
	// ClosedAt and Reason are there once it has ended.
	ClosedAt *time.Time `json:"closed_at,omitempty"`
	Reason   string     `json:"reason,omitempty"`
}

// DefaultOverlap is how long old relay passwords are accepted after a rotation
// unless the administrator says otherwise: clients fetch new ones when they
// start.
const DefaultOverlap = organization.Lifetime(30 * 24 * time.Hour)

func (f *Face) mountRelay(r fiber.Router) {
	r.Get("/relay", f.relayState)
	r.Get("/relay/allocations", f.allocations)
	r.Get("/relay/allocations/closed", f.closedAllocations)
	r.Delete("/relay/allocations/:id", f.endAllocation)
	r.Post("/relay/secret/rotate", f.rotateRelaySecret)
}

func (f *Face) relayState(c *fiber.Ctx) error { return c.JSON(f.Relay.State()) }

func (f *Face) allocations(c *fiber.Ctx) error {
	return f.writeAllocations(c, f.Relay.Allocations)
}

func (f *Face) closedAllocations(c *fiber.Ctx) error {
	return f.writeAllocations(c, f.Relay.ClosedAllocations)
}

func (f *Face) writeAllocations(c *fiber.Ctx, list func(context.Context) ([]Allocation, error)) error {
	allocations, err := list(c.UserContext())
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"allocations": allocations})
}

func (f *Face) endAllocation(c *fiber.Ctx) error {
	id, err := strconv.ParseUint(c.Params("id"), 10, 64)
	if err != nil {
		return badRequest{fmt.Sprintf("%q: the number of an allocation is expected", c.Params("id"))}
	}
	if err := f.Relay.EndAllocation(c.UserContext(), id); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (f *Face) rotateRelaySecret(c *fiber.Ctx) error {
	var body struct {
		// Overlap is a text, so that a wrong one is told by name.
		Overlap *string `json:"overlap"`
	}
	if len(c.BodyRaw()) > 0 {
		if err := decode(c, &body); err != nil {
			return err
		}
	}
	overlap := DefaultOverlap
	if body.Overlap != nil {
		if err := overlap.Set(*body.Overlap); err != nil {
			return fmt.Errorf("overlap: %w: %w", organization.ErrOverlap, err)
		}
	}
	until, err := f.Relay.RotateSecret(c.UserContext(), overlap.Duration())
	if err != nil {
		return err
	}
	answer := fiber.Map{}
	if !until.IsZero() {
		answer["previous_until"] = until
	}
	return c.JSON(answer)
}
