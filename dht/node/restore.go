// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"time"

	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// maxStateSize bounds the state file in bytes: the limits of storage allow for
// half of it.
const maxStateSize = 256 << 20

// damagedSuffix is added to the name of a state file that cannot be read.
const damagedSuffix = ".damaged"

// restore takes up id, nodes and values of an earlier run. A damaged file is put
// aside, and we start with nothing.
func (s *server) restore() error {
	s.begin(nil)
	defer s.end()
	s.know(s.id)
	path := s.cfg.StateFile
	if path == "" {
		return nil
	}
	b, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the state of the dht node from %s: %w", path, err)
	}
	if err := s.takeUp(b); err != nil {
		s.logger.Warn("dht node starts with nothing, since its state file is damaged and was put aside",
			"file", path+damagedSuffix, "err", err)
		if err := os.Rename(path, path+damagedSuffix); err != nil {
			return fmt.Errorf("putting the damaged state of the dht node aside: %w", err)
		}
	}
	return nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxStateSize+1))
	return b, errors.Join(err, f.Close())
}

// takeUp reads a state file. Nothing changes if it is damaged.
func (s *server) takeUp(b []byte) error {
	if len(b) > maxStateSize {
		return fmt.Errorf("it has more than %d bytes", maxStateSize)
	}
	end := len(b) - sha256.Size
	if end < 0 || sha256.Sum256(b[:end]) != [sha256.Size]byte(b[end:]) {
		return errors.New("its checksum is wrong")
	}
	r := stateReader{rest: b[:end]}
	if name, version := r.text(), r.number(); r.err == nil && (name != stateName || version != stateVersion) {
		return fmt.Errorf("it holds %.20q in version %d, expected %q in version %d", name, version, stateName, stateVersion)
	}
	id := r.id()
	nodes := r.nodes()
	kept := r.values(s.now)
	if r.err != nil {
		return r.err
	}
	if id.IsZero() {
		return errors.New("it has no node id")
	}
	s.know(id)
	s.recalled = nodes
	for _, k := range kept {
		if err := s.store.Restore(k, s.now); err != nil {
			s.logger.Warn("dht node leaves out a value that it kept", "err", err)
		}
	}
	s.logger.Info("dht node goes on with what it kept", "nodes", len(nodes), "values", s.store.Stats().Values)
	return nil
}

// stateReader reads from a state file. After an error it returns zeros.
type stateReader struct {
	rest []byte
	err  error
}

func readState[T any](r *stateReader, read func([]byte) (T, []byte, error)) (value T) {
	if r.err != nil {
		return value
	}
	got, rest, err := read(r.rest)
	if err != nil {
		r.err = fmt.Errorf("it is cut short or malformed: %w", err)
		return value
	}
	r.rest = rest
	return got
}

func (r *stateReader) text() string  { return readState(r, msgp.ReadStringBytes) }
func (r *stateReader) number() int64 { return readState(r, msgp.ReadInt64Bytes) }
func (r *stateReader) count() uint32 { return readState(r, msgp.ReadArrayHeaderBytes) }
func (r *stateReader) bytes() []byte { return readState(r, msgp.ReadBytesZC) }

func (r *stateReader) id() (id wire.ID) {
	b := r.bytes()
	if r.err == nil && len(b) != len(id) {
		r.err = fmt.Errorf("an id in it has %d bytes", len(b))
	}
	copy(id[:], b)
	return id
}

func (r *stateReader) nodes() (nodes []wire.Node) {
	for range r.count() {
		id, text := r.id(), r.text()
		if r.err != nil {
			return nil
		}
		addr, err := netip.ParseAddrPort(text)
		if err != nil {
			r.err = fmt.Errorf("a node in it has no address: %w", err)
			return nil
		}
		nodes = append(nodes, wire.Node{ID: id, Addr: addr})
	}
	return nodes
}

// values leaves out what the wall clock says cannot be: when it was set back,
// nobody knows how old a value is.
func (r *stateReader) values(now time.Time) (values []storage.Kept) {
	for range r.count() {
		k := storage.Kept{Key: r.id(), Created: time.UnixMilli(r.number())}
		source, packed := r.bytes(), r.bytes()
		if r.err != nil {
			return nil
		}
		if len(source) > 0 {
			addr, ok := netip.AddrFromSlice(source)
			if !ok {
				r.err = fmt.Errorf("a source in it has %d bytes", len(source))
				return nil
			}
			k.Source = addr
		}
		if k.Packed = packed; !k.Created.After(now) {
			values = append(values, k)
		}
	}
	return values
}
