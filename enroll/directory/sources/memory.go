// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

const (
	maxPeople       = 10_000
	maxPerPerson    = 16
	passwordMacSize = sha256.Size
)

// memory remembers passwords of people for a time, as MACs under a key that is
// never stored. It is safe for concurrent use.
type memory struct {
	key []byte

	mu     sync.Mutex
	people map[string][]mark // guarded by mu; oldest first
}

// mark is a remembered password.
type mark struct {
	sum  [passwordMacSize]byte
	till time.Time
}

func newMemory() *memory {
	key := make([]byte, sha256.Size)
	rand.Read(key)
	return &memory{key: key, people: make(map[string][]mark)}
}

// mac covers the version, so that a password set anew is another one.
func (m *memory) mac(person, version, password string) (sum [passwordMacSize]byte) {
	h := hmac.New(sha256.New, m.key)
	for _, part := range []string{person, version, password} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Sum(sum[:0])
	return sum
}

// knows tells whether the password was noted for the person and that is not
// over yet.
func (m *memory) knows(person, version, password string, now time.Time) bool {
	sum := m.mac(person, version, password)
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.people[person], func(k mark) bool { return k.sum == sum && now.Before(k.till) })
}

// note remembers the password of a person until the given time.
func (m *memory) note(person, version, password string, now, till time.Time) {
	sum := m.mac(person, version, password)
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.people[person]; !known && len(m.people) >= maxPeople {
		m.makeRoom(now)
	}
	marks := slices.DeleteFunc(m.people[person], func(k mark) bool { return k.sum == sum || !now.Before(k.till) })
	if len(marks) >= maxPerPerson {
		marks = slices.Delete(marks, 0, 1)
	}
	m.people[person] = append(marks, mark{sum, till})
}

// forget drops all that is remembered of a person.
func (m *memory) forget(person string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.people, person)
}

// makeRoom drops what is over and, if that is not enough, anything else, to
// three quarters; m.mu is held.
func (m *memory) makeRoom(now time.Time) {
	for person, marks := range m.people {
		if !slices.ContainsFunc(marks, func(k mark) bool { return now.Before(k.till) }) {
			delete(m.people, person)
		}
	}
	for person := range m.people {
		if len(m.people) <= maxPeople*3/4 {
			return
		}
		delete(m.people, person)
	}
}
