// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePortRange(t *testing.T) {
	for text, want := range map[string]portRange{
		"49152-65535": {49152, 65535},
		"1-1":         {1, 1},
		" 10 - 20 ":   {10, 20},
	} {
		got, err := parsePortRange(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "-", "1", "1-", "-1", "0-5", "5-4", "1-65536", "a-b", "1-2-3", "+1-2"} {
		_, err := parsePortRange(text)
		require.ErrorContains(t, err, `expected "first-last"`, text)
	}
}

func FuzzParsePortRange(f *testing.F) {
	for _, seed := range []string{"49152-65535", "1-1", "0-0", "-", "99999-1", " 1 - 2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ports, err := parsePortRange(text)
		if err != nil {
			return
		}
		require.Positive(t, ports.size())
		require.True(t, ports.contains(ports.first) && ports.contains(ports.last))
		require.Equal(t, ports.last, ports.at(ports.size()-1))
		require.Equal(t, ports.first, ports.at(ports.size()))
		again, err := parsePortRange(ports.String())
		require.NoError(t, err)
		require.Equal(t, ports, again)
	})
}

func TestPortSet(t *testing.T) {
	s := newPortSet()
	require.True(t, s.reserve(5))
	require.False(t, s.reserve(5))
	require.True(t, s.reserve(6))
	s.release(5)
	require.True(t, s.reserve(5))
	drained := s.close()
	require.False(t, s.reserve(7))
	s.release(5)
	select {
	case <-drained:
		require.Fail(t, "port 6 is still in use")
	default:
	}
	s.release(6)
	<-drained
	<-newPortSet().close()
}
