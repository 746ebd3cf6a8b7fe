// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"context"
	"io/fs"
	"os"
	"sync"
	"time"
)

// FileSource serves the certificate from files and follows their changes. It
// is safe for concurrent use.
type FileSource struct {
	cfg      Config
	identity *Identity
	opts     Options
	problem  trouble

	mu     sync.Mutex
	stamps []fs.FileInfo // of the files last read; guarded by mu
	loaded bool          // whether that reading succeeded; guarded by mu
}

// NewFileSource reads nothing yet. identity must not be nil.
func NewFileSource(cfg Config, identity *Identity, opts Options) *FileSource {
	return &FileSource{cfg: cfg, identity: identity, opts: opts.withDefaults(5 * time.Second)}
}

// Load reads the files now and serves what is in them. On error the
// certificate served so far stays; see ParseBundle for the errors.
func (s *FileSource) Load() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.load(s.stat())
	s.problem.note(err)
	return err
}

// Run looks at the files every Interval until ctx is done, and serves a new
// certificate once a complete and valid pair is there. Until then the old one
// stays, and each distinct error is logged once. It returns nil.
func (s *FileSource) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.opts.Interval)
	defer ticker.Stop()
	for {
		s.look()
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Err returns why the files as they are now cannot be served, or nil.
func (s *FileSource) Err() error { return s.problem.last() }

func (s *FileSource) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	stamps := s.stat()
	if s.loaded && sameStamps(stamps, s.stamps) {
		return
	}
	if err := s.load(stamps); err != nil {
		if s.problem.note(err) {
			s.opts.Logger.Error("server certificate files refused, keeping the old certificate", "err", err)
		}
		return
	}
	s.problem.note(nil)
	info, _ := s.identity.Current()
	s.opts.Logger.Info("server certificate loaded", "subject", info.Subject, "not_after", info.NotAfter)
}

// load reads the files after their stamps were taken, so that a change during
// reading is noticed at the next look. The caller holds mu.
func (s *FileSource) load(stamps []fs.FileInfo) error {
	certificate, err := loadFiles(s.cfg, s.opts.Now())
	if err == nil {
		err = s.identity.Set(certificate, SourceFiles)
	}
	s.stamps, s.loaded = stamps, err == nil
	return err
}

// stat holds nil for a file that is not there.
func (s *FileSource) stat() []fs.FileInfo {
	var stamps []fs.FileInfo
	for _, path := range []string{s.cfg.Certificate, s.cfg.Key, s.cfg.CAFile} {
		info, err := os.Stat(path)
		if err != nil {
			info = nil
		}
		stamps = append(stamps, info)
	}
	return stamps
}

func sameStamps(a, b []fs.FileInfo) bool {
	for i := range a {
		if (a[i] == nil) != (b[i] == nil) {
			return false
		}
		if a[i] != nil && (!os.SameFile(a[i], b[i]) || !a[i].ModTime().Equal(b[i].ModTime()) || a[i].Size() != b[i].Size()) {
			return false
		}
	}
	return true
}
