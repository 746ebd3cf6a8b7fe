// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

const (
	// savePause lies between two writes of the state file.
	savePause = 5 * time.Minute
	// The state file is stateName, stateVersion, our id, the nodes, the values,
	// and at its end the digest of all that.
	stateName    = "jamibox dht"
	stateVersion = 1
)

// state is what outlives the process.
type state struct {
	id     wire.ID
	nodes  []wire.Node
	values []storage.Kept
}

// keepState writes the state file every few minutes until ctx is done.
func (s *server) keepState(ctx context.Context) error {
	if s.cfg.StateFile == "" {
		return nil
	}
	ticker := time.NewTicker(savePause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := s.saveState(); err != nil {
				s.logger.Warn("dht node cannot keep its state", "err", err)
			}
		}
	}
}

// saveState writes the state file. Only the copying takes turns.
func (s *server) saveState() error {
	if s.cfg.StateFile == "" {
		return nil
	}
	if err := writeState(s.cfg.StateFile, s.state()); err != nil {
		return fmt.Errorf("writing the state of the dht node to %s: %w", s.cfg.StateFile, err)
	}
	return nil
}

func (s *server) state() *state {
	st, values := s.stateWithoutValues()
	st.values = make([]storage.Kept, 0, values)
	for piece := range s.stock(nil) {
		st.values = append(st.values, piece...)
	}
	return st
}

// stateWithoutValues returns the number of values, too.
func (s *server) stateWithoutValues() (st *state, values int) {
	s.begin(nil)
	defer s.end()
	st = &state{id: s.id}
	for _, table := range s.tables {
		st.nodes = append(st.nodes, table.Snapshot(s.now)...)
	}
	// Those that there was no time to ask yet may well be alive.
	st.nodes = append(st.nodes, s.recalled...)
	return st, s.store.Stats().Values
}

// writeState replaces the file as a whole or not at all.
func writeState(path string, st *state) error {
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = st.write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func (st *state) write(to io.Writer) error {
	buffer := bufio.NewWriterSize(to, 64<<10)
	digest := sha256.New()
	w := io.MultiWriter(buffer, digest)
	b := msgp.AppendString(nil, stateName)
	b = msgp.AppendUint(b, stateVersion)
	b = msgp.AppendBytes(b, st.id[:])
	b = msgp.AppendArrayHeader(b, uint32(len(st.nodes)))
	if _, err := w.Write(b); err != nil {
		return err
	}
	for _, other := range st.nodes {
		b = msgp.AppendBytes(b[:0], other.ID[:])
		b = msgp.AppendString(b, other.Addr.String())
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	b = msgp.AppendArrayHeader(b[:0], uint32(len(st.values)))
	for _, kept := range st.values {
		b = msgp.AppendBytes(b, kept.Key[:])
		b = msgp.AppendInt64(b, kept.Created.UnixMilli())
		b = msgp.AppendBytes(b, kept.Source.AsSlice())
		b = msgp.AppendBytes(b, kept.Packed)
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	if _, err := buffer.Write(digest.Sum(nil)); err != nil {
		return err
	}
	return buffer.Flush()
}
