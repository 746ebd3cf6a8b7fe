// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	// A client's list of contacts and conversations is the largest body.
	maxBody = 4 << 20
	// A proxy hands a client's certificate over in a header.
	maxHeader    = 32 << 10
	readTimeout  = 30 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = 2 * time.Minute
	drainTime    = 3 * time.Second
)

// face is one listener with what it serves.
type face struct {
	name     string
	listener net.Listener
	server   *fasthttp.Server
}

func newFace(name string, l net.Listener, h fasthttp.RequestHandler) *face {
	return &face{name: name, listener: l, server: &fasthttp.Server{
		Handler:               h,
		ErrorHandler:          unreadable,
		ReadTimeout:           readTimeout,
		WriteTimeout:          writeTimeout,
		IdleTimeout:           idleTimeout,
		ReadBufferSize:        maxHeader,
		MaxRequestBodySize:    maxBody,
		NoDefaultServerHeader: true,
		CloseOnShutdown:       true,
		// Fiber and we log what matters; fasthttp would log every peer that
		// hangs up.
		Logger: silent{},
	}}
}

// serve answers until ctx is done, then waits for running requests.
func (f *face) serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- f.server.Serve(f.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving %s: %w", f.name, err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := f.server.ShutdownWithContext(drain)
	// Shutdown does not know a listener that Serve has not taken up yet, and
	// Serve would then go on for ever. It has closed all others already.
	if closing := f.listener.Close(); closing != nil && !errors.Is(closing, net.ErrClosed) {
		err = errors.Join(err, closing)
	}
	<-failed
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stopping %s: %w", f.name, err)
	}
	return nil
}

// unreadable answers a request that could not be read.
func unreadable(ctx *fasthttp.RequestCtx, err error) {
	status, message := fasthttp.StatusBadRequest, "the request cannot be read"
	var small *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		status, message = fasthttp.StatusRequestEntityTooLarge, "the body is too large"
	case errors.As(err, &small):
		status, message = fasthttp.StatusRequestHeaderFieldsTooLarge, "the headers are too large"
	case errors.As(err, &network) && network.Timeout():
		status, message = fasthttp.StatusRequestTimeout, "the request took too long"
	}
	ctx.SetConnectionClose()
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.SetBodyString(fmt.Sprintf(`{"status":%d,"message":%q}`, status, message))
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// listenError says which setting leads to an address that cannot be had.
func listenError(key, addr string, err error) error {
	switch {
	case isAddrInUse(err):
		return fmt.Errorf("%s: TCP address %s is already in use by another program; stop that program or choose another address", key, addr)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: not allowed to listen on %s; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE", key, addr)
	}
	return fmt.Errorf("%s: listening on %s: %w", key, addr, err)
}
