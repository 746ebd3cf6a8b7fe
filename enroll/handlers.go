// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/filesystem"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/valyala/fasthttp"

	"jamibox/enroll/admin"
	"jamibox/enroll/audit"
	"jamibox/enroll/clientcert"
)

// requestTime bounds what a request may wait for: the database, a password
// that is being checked, a key that is being made.
const requestTime = 25 * time.Second

// errSpoofed refuses a header that only a trusted proxy may set.
var errSpoofed = fiber.NewError(fiber.StatusBadRequest,
	"a client certificate header was sent by an address that is not in server.trusted_proxies")

func (s *Server) newApp() *fiber.App {
	app := fiber.New(fiber.Config{
		// Without this, strings of a request change under their holders once
		// the request is over.
		Immutable:             true,
		CaseSensitive:         true,
		DisableStartupMessage: true,
		BodyLimit:             maxBody,
		ErrorHandler:          s.answerError,
	})
	app.Use(recover.New(), headers, uncompressed)
	return app
}

// publicHandler serves Jami clients, the API and the pages.
func (s *Server) publicHandler() fasthttp.RequestHandler {
	app := s.newApp()
	app.Use(s.identify)
	s.crossOrigin(app)
	s.health(app)
	s.jams.Mount(app)
	s.admin.Mount(app)
	s.trust(app)
	if s.o.UI != nil {
		app.Use("/", pageHeaders, filesystem.New(filesystem.Config{Root: http.FS(s.o.UI)}))
	}
	return s.cleanTarget(app.Handler())
}

// localHandler serves the command line, which acts as administrator.
func (s *Server) localHandler() fasthttp.RequestHandler {
	app := s.newApp()
	app.Use(func(c *fiber.Ctx) error {
		return withContext(c, audit.Actor{Name: "local"})
	})
	s.admin.MountLocal(app)
	return app.Handler()
}

// plainHandler serves plain HTTP: revocation for clients, the root
// certificate, and everything for trusted proxies, which speak TLS for us.
func (s *Server) plainHandler(public fasthttp.RequestHandler) fasthttp.RequestHandler {
	app := s.newApp()
	app.Use(s.identify)
	s.health(app)
	s.jams.MountRevocation(app)
	s.trust(app)
	// A redirect would be followed by clients, without their certificate: the
	// enrolment would pass and each later login fail.
	app.Use("/api", func(*fiber.Ctx) error {
		return fiber.NewError(fiber.StatusForbidden, "only over HTTPS; the URL is "+s.publicURL())
	})
	app.Use(func(c *fiber.Ctx) error {
		if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
			return fiber.ErrMethodNotAllowed
		}
		return c.Redirect(s.publicURL()+"/", fiber.StatusFound)
	})
	own := s.cleanTarget(app.Handler())
	return func(ctx *fasthttp.RequestCtx) {
		if s.proxies.Trusted(addrOf(ctx.RemoteAddr())) {
			public(ctx)
			return
		}
		own(ctx)
	}
}

// trust hands out the root certificate that clients have to trust.
func (s *Server) trust(r fiber.Router) {
	r.Get("/root.pem", func(c *fiber.Ctx) error {
		pem, own := s.tls.rootPEM()
		if !own {
			return fiber.NewError(fiber.StatusNotFound, "the box has no root certificate of its own")
		}
		c.Attachment("jamibox-root.pem")
		return c.Send(pem)
	})
}

// headers are on every answer.
func headers(c *fiber.Ctx) error {
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Next()
}

// uncompressed refuses bodies that would have to be unpacked: no client sends
// them, and a few kilobytes can unpack to gigabytes.
func uncompressed(c *fiber.Ctx) error {
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return fiber.NewError(fiber.StatusUnsupportedMediaType, "the body must not be compressed")
	}
	return c.Next()
}

// pageHeaders forbid a page to reach anything but the box.
func pageHeaders(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentSecurityPolicy,
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	return c.Next()
}

// identify finds out who sends a request, and refuses forged proxy headers.
func (s *Server) identify(c *fiber.Ctx) error {
	remote := addrOf(c.Context().RemoteAddr())
	if !s.proxies.Trusted(remote) && c.Get(s.o.Config.Server.ClientCertHeader) != "" {
		return errSpoofed
	}
	client := s.proxies.ClientAddr(remote, c.Get(fiber.HeaderXForwardedFor), c.Get("X-Real-IP"))
	return withContext(c, audit.Actor{Name: "anonymous", Remote: client.String()})
}

// withContext gives a request its deadline: Fiber has none of its own, and
// does not notice when a client leaves.
func withContext(c *fiber.Ctx, actor audit.Actor) error {
	ctx, cancel := context.WithTimeout(audit.With(context.Background(), actor), requestTime)
	defer cancel()
	c.SetUserContext(ctx)
	return c.Next()
}

// clientCertificate returns what the client presented: to a trusted proxy,
// which says so in a header, or to us.
func (s *Server) clientCertificate(c *fiber.Ctx) (*x509.Certificate, error) {
	if s.proxies.Trusted(addrOf(c.Context().RemoteAddr())) {
		cert, err := clientcert.FromHeader(c.Get(s.o.Config.Server.ClientCertHeader))
		if errors.Is(err, clientcert.ErrNone) {
			return nil, nil
		}
		return cert, err
	}
	if state := c.Context().TLSConnectionState(); state != nil && len(state.PeerCertificates) > 0 {
		return state.PeerCertificates[0], nil
	}
	return nil, nil
}

// answerError writes the errors of routes and of the router, each in the
// dialect of its path.
func (s *Server) answerError(c *fiber.Ctx, err error) error {
	if strings.HasPrefix(c.Path(), admin.Prefix+"/") || c.Path() == admin.Prefix {
		return admin.Answer(c, s.o.Logger, err)
	}
	return s.jams.Answer(c, err)
}

func addrOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
