// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package sound_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/lab"
	"jamibox/appliance/e2e/sound"
)

// TestCard lets the speaker play what the microphone hums and listens to it.
func TestCard(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	l, err := lab.New(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	dir, err := os.MkdirTemp("", "sound-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	card, err := sound.Start(ctx, l.Left, dir, 440)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, card.Close()) })

	silence, err := card.Listen(ctx, 100*time.Millisecond)
	require.NoError(t, err)
	require.True(t, silence.Silent())
	require.Zero(t, silence.Share(440))

	loop := l.Left.Command(ctx, "sh", "-c", "parec --raw | pacat --raw")
	loop.Env = append(os.Environ(), "PULSE_SERVER="+card.Address())
	require.NoError(t, loop.Start())
	t.Cleanup(func() { cancel(); require.Error(t, loop.Wait()) })
	require.Eventually(t, func() bool {
		heard, err := card.Listen(ctx, 300*time.Millisecond)
		require.NoError(t, err)
		return !heard.Silent() && heard.Share(440) > 0.9 && heard.Share(660) < 0.05
	}, 20*time.Second, 100*time.Millisecond, "the tone is not heard")
}
