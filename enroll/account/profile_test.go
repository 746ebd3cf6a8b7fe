// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

// picture returns a file whose left half is red and whose right half is, where
// the format allows it, transparent.
func picture(t testing.TB, format string, width, height int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width / 2 {
			img.Set(x, y, color.NRGBA{R: 255, A: 255})
		}
	}
	var b bytes.Buffer
	switch format {
	case "png":
		require.NoError(t, png.Encode(&b, img))
	case "jpeg":
		require.NoError(t, jpeg.Encode(&b, img, nil))
	case "gif":
		require.NoError(t, gif.Encode(&b, img, nil))
	}
	return b.Bytes()
}

func TestShrink(t *testing.T) {
	for name, c := range map[string]struct {
		format        string
		width, height int
		side          int
		right         color.Color // what the transparent half becomes
	}{
		"png": {"png", 400, 300, 128, color.White}, "tall": {"png", 200, 900, 128, color.White}, "small": {"png", 40, 30, 30, color.White},
		"one pixel": {"png", 1, 1, 1, color.White}, "thin": {"png", 3000, 1, 1, nil},
		"jpeg": {"jpeg", 500, 500, 128, color.Black}, "gif": {"gif", 300, 300, 128, nil},
	} {
		t.Run(name, func(t *testing.T) {
			small, err := shrink(picture(t, c.format, c.width, c.height))
			require.NoError(t, err)
			require.Less(t, len(small), 20<<10)
			img, err := jpeg.Decode(bytes.NewReader(small))
			require.NoError(t, err)
			require.Equal(t, image.Pt(c.side, c.side), img.Bounds().Size())
			if c.side < 10 {
				return
			}
			near := func(want color.Color, x int) {
				r, g, b, _ := img.At(x, c.side/2).RGBA()
				wr, wg, wb, _ := want.RGBA()
				for _, d := range []int{int(r) - int(wr), int(g) - int(wg), int(b) - int(wb)} {
					require.InDelta(t, 0, d, 20<<8)
				}
			}
			near(color.NRGBA{R: 255, A: 255}, 2)
			if c.right != nil {
				near(c.right, c.side-3)
			}
		})
	}
}

func TestShrinkRefuses(t *testing.T) {
	// A few bytes that claim to be a picture of gigabytes.
	bomb := func(width, height uint32) []byte {
		file := picture(t, "png", 2, 2)
		binary.BigEndian.PutUint32(file[16:], width)
		binary.BigEndian.PutUint32(file[20:], height)
		binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
		return file
	}
	good := picture(t, "jpeg", 50, 50)
	for name, c := range map[string]struct {
		file    []byte
		problem string
	}{
		"bomb":         {bomb(60_000, 60_000), "60000 x 60000 pixels is too large"},
		"wide bomb":    {bomb(1<<31-1, 1), "too large"},
		"extreme bomb": {bomb(1<<31-1, 1<<31-1), "picture"},
		"no width":     {bomb(0, 10), "picture"},
		"garbage":      {[]byte("GIF87b is what this says"), "not a PNG, JPEG, GIF or WebP file"},
		"svg":          {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "not a PNG"},
		"cut off":      {good[:len(good)/2], "picture"},
		"head only":    {bomb(5000, 5000), "damaged"},
		"too long":     {make([]byte, maxPictureBytes+1), "more than 3 MB"},
	} {
		_, err := shrink(c.file)
		require.ErrorIs(t, err, ErrInvalid, name)
		require.ErrorContains(t, err, c.problem, name)
	}
}

func TestUpdateProfile(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice := f.AddUser(t, "alice", nil)
	has := func(want bool) {
		t.Helper()
		data, err := f.Box.Store.PictureOf(ctx, alice.ID)
		require.NoError(t, err)
		require.Equal(t, want, len(data) > 0)
	}
	u, err := f.UpdateProfile(ctx, "Alice", Profile{FirstName: "Alïce", Picture: picture(t, "png", 200, 200)})
	require.NoError(t, err)
	require.Equal(t, "Alïce", u.FirstName)
	has(true)
	_, err = f.UpdateProfile(ctx, "alice", Profile{FirstName: "Al"})
	require.NoError(t, err)
	has(true)
	_, err = f.UpdateProfile(ctx, "alice", Profile{FirstName: "x", Picture: []byte("garbage")})
	require.ErrorIs(t, err, ErrInvalid)
	_, err = f.UpdateProfile(ctx, "alice", Profile{FirstName: "Al", Picture: []byte{}})
	require.NoError(t, err)
	has(false)
	stored, err := f.Find(ctx, "alice")
	require.NoError(t, err)
	require.Equal(t, "Al", stored.FirstName)
	require.Equal(t, "alice\nal", stored.SearchText)
	require.Equal(t, []string{"profile changed", "profile changed", "profile changed"}, f.actions(t))
}
