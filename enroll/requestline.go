// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"bytes"
	"io"
	"net"

	"jamibox/enroll/tlslisten"
)

// requestLines is a listener whose connections may begin with a request line
// as desktop and iOS clients send it when they search: with the spaces that a
// person typed. HTTP servers refuse such a line, fasthttp 1.74 too. The
// spaces are percent-encoded before the server sees them, in the first line
// of a connection only: these clients open a connection for each request, and
// beyond the first line the framing of a request must stay untouched.
type requestLines struct{ net.Listener }

func (l requestLines) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if secure, ok := conn.(*tlslisten.Conn); ok {
		return &secureLineConn{Conn: secure, first: firstLine{source: secure}}, nil
	}
	return &plainLineConn{Conn: conn, first: firstLine{source: conn}}, nil
}

// secureLineConn keeps the methods by which the server finds the client's
// certificate.
type secureLineConn struct {
	*tlslisten.Conn
	first firstLine
}

func (c *secureLineConn) Read(p []byte) (int, error) { return c.first.Read(p) }

type plainLineConn struct {
	net.Conn
	first firstLine
}

func (c *plainLineConn) Read(p []byte) (int, error) { return c.first.Read(p) }

// firstLine reads from source and mends the first line.
type firstLine struct {
	source io.Reader
	// held is what was read and not handed on yet.
	held   []byte
	mended bool
}

func (f *firstLine) Read(p []byte) (int, error) {
	if f.mended && len(f.held) == 0 {
		return f.source.Read(p)
	}
	for !f.mended {
		n, err := f.source.Read(p)
		f.held = append(f.held, p[:n]...)
		end := bytes.IndexByte(f.held, '\n')
		// Without a line end the server is to see what there is, and refuse it.
		if end < 0 && err == nil && len(f.held) < maxHeader {
			continue
		}
		f.mended = true
		if end >= 0 {
			f.held = append(mendLine(f.held[:end]), f.held[end:]...)
		}
		if err != nil && len(f.held) == 0 {
			return 0, err
		}
	}
	n := copy(p, f.held)
	f.held = f.held[n:]
	return n, nil
}

// mendLine percent-encodes the spaces between a method and a version.
func mendLine(line []byte) []byte {
	start := bytes.IndexByte(line, ' ')
	end := bytes.LastIndex(line, []byte(" HTTP/"))
	if start < 0 || end <= start || bytes.IndexByte(line[start+1:end], ' ') < 0 {
		return bytes.Clone(line)
	}
	mended := append([]byte(nil), line[:start+1]...)
	mended = append(mended, bytes.ReplaceAll(line[start+1:end], []byte(" "), []byte("%20"))...)
	return append(mended, line[end:]...)
}
