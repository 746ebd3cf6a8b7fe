// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
)

// cleanTarget mends the path of a request before it is routed. Clients join
// the URL that a person typed with their paths as it is: a trailing slash gives
// "//api/...", and a path in the URL stays in front.
func (s *Server) cleanTarget(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		old := ctx.Request.Header.RequestURI()
		if clean := cleanPath(old, s.publicPath()); !bytes.Equal(old, clean) {
			ctx.Request.SetRequestURIBytes(clean)
		}
		next(ctx)
	}
}

// cleanPath collapses repeated slashes in the path of a request target and cuts
// prefix off. What follows a "?" stays byte for byte.
func cleanPath(target []byte, prefix string) []byte {
	if len(target) == 0 || target[0] != '/' {
		return target
	}
	path, query := target, []byte(nil)
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		path, query = target[:i], target[i:]
	}
	clean := make([]byte, 0, len(target))
	for i, b := range path {
		if b == '/' && i > 0 && path[i-1] == '/' {
			continue
		}
		clean = append(clean, b)
	}
	if prefix != "" && bytes.HasPrefix(clean, []byte(prefix+"/")) {
		clean = clean[len(prefix):]
	}
	return append(clean, query...)
}

// publicURL returns the URL that clients type, without a slash at its end.
func (s *Server) publicURL() string { return publicURL(s.o.Config, s.o.Organization) }

// publicPath returns the path of the public URL, "" if it has none.
func (s *Server) publicPath() string {
	u, err := url.Parse(s.publicURL())
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.EscapedPath(), "/")
}
