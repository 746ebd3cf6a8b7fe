// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/directory/sources"
	"jamibox/enroll/directory/sync"
	"jamibox/enroll/tlsidentity"
	"jamibox/enroll/tlslisten"
)

// Status is the state of the box for an administrator.
type Status struct {
	// Overall is "ok", "degraded" or "failed".
	Overall   string           `json:"overall"`
	SetUp     bool             `json:"set_up"`
	PublicURL string           `json:"public_url"`
	Services  []ServiceState   `json:"services"`
	TLS       tlsidentity.Info `json:"tls"`
	// Refused lists the clients that did not complete a TLS handshake with us,
	// which they show to people as a wrong password.
	Refused []tlslisten.Refusal `json:"refused_handshakes"`
	Devices int                 `json:"devices"`
	// Sources is where users come from, in their order.
	Sources []SourceState `json:"sources"`
	// Sync is how far the directories among them are in step.
	Sync    []sync.State   `json:"sync"`
	Details map[string]any `json:"details"`
}

// SourceState is the state of a source of users.
type SourceState struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Users int    `json:"users"`
	sources.Health
}

// readiness is the part of the state that anyone may see.
type readiness struct {
	Status   string             `json:"status"`
	SetUp    bool               `json:"set_up"`
	Services []readinessService `json:"services"`
}

type readinessService struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

func (s *Server) health(r fiber.Router) {
	r.Get("/healthz", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) })
	r.Get("/readyz", s.readyz)
}

// readyz answers 200 when clients can be enrolled and logged in. A relay or
// DHT that fails shows in the body only: a load balancer must not take the
// whole box out for it.
func (s *Server) readyz(c *fiber.Ctx) error {
	overall, services := s.o.Services()
	_, setUp := s.o.Organization.Current()
	body := readiness{Status: overall, SetUp: setUp == nil, Services: []readinessService{}}
	status := fiber.StatusOK
	if setUp != nil || s.o.Store.Ping(c.UserContext()) != nil {
		status = fiber.StatusServiceUnavailable
	}
	for _, service := range services {
		body.Services = append(body.Services, readinessService{service.Name, service.State})
	}
	return c.Status(status).JSON(body)
}

// status returns the whole state, ready for JSON.
func (s *Server) status(ctx context.Context) any {
	_, setUp := s.o.Organization.Current()
	st := Status{SetUp: setUp == nil, PublicURL: s.publicURL(), Details: s.o.Details()}
	st.Overall, st.Services = s.o.Services()
	st.TLS, _ = s.tls.identity.Current()
	if r := s.ready.Load(); r != nil {
		st.Refused = r.listener.Refusals()
	}
	n, err := s.o.Store.CountDevices(ctx)
	if err != nil {
		s.o.Logger.Error("counting devices", "err", err)
	}
	st.Devices = n
	list, err := s.sources.List(ctx)
	if err != nil {
		s.o.Logger.Error("listing sources", "err", err)
	}
	st.Sources = []SourceState{}
	for _, src := range list {
		st.Sources = append(st.Sources, SourceState{Name: src.Name, Kind: string(src.Kind), Users: src.Users, Health: src.Health})
		// Its people can neither enrol nor log in, all others can.
		if src.State == sources.StateDown && st.Overall == "ok" {
			st.Overall = "degraded"
		}
	}
	if st.Sync, err = s.sync.States(ctx); err != nil {
		s.o.Logger.Error("reading the state of the synchronisation", "err", err)
	}
	return st
}
