// SPDX-License-Identifier: GPL-3.0-or-later

package announce

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

func TestKeyOf(t *testing.T) {
	key, err := keyOf("00112233445566778899aabbccddeeff00112233")
	require.NoError(t, err)
	require.Equal(t, "00112233445566778899aabbccddeeff00112233", key.String())
	for name, id := range map[string]string{
		"error/empty": "", "error/short": "0011", "error/long": "00112233445566778899aabbccddeeff0011223344",
		"error/not hexadecimal": "zz112233445566778899aabbccddeeff00112233",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keyOf(id)
			require.ErrorContains(t, err, "account id")
		})
	}
}

func TestValueOf(t *testing.T) {
	der := bytes.Repeat([]byte{0x30}, 300)
	v, err := wire.ParseValue(valueOf(der).Append(nil))
	require.NoError(t, err)
	require.Equal(t, append([]byte{0xc5, 0x01, 0x2c}, der...), v.Data, "MessagePack bin 16 around the list")
	require.EqualValues(t, 1, v.Priority)
	require.EqualValues(t, wire.TypeUserData, v.Type)
	require.False(t, v.Signed())
	require.NotZero(t, v.ID)
	require.Equal(t, v.ID, valueOf(der).ID, "a repeat is the same value")
	require.NotEqual(t, v.ID, valueOf(append(der, 0)).ID, "another list is another one")
	require.Greater(t, storage.Life(v.Type), every)
}
