// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // decoders of pictures that people upload
	"image/jpeg"
	_ "image/png"
	"strings"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"jamibox/enroll/store"
)

const (
	maxFieldRunes = 200
	// Search results carry the pictures of many people in one body, so they
	// are kept small: a square of this side, some 5 KB.
	pictureSide      = 128
	maxPictureBytes  = 3 << 20
	maxPicturePixels = 40_000_000
)

// Profile is what colleagues see of a user.
type Profile struct {
	FirstName, LastName, DisplayName, Email, Phone, Mobile string
	Organization, Department, Title                        string
	// Picture is a PNG, JPEG, GIF or WebP file. In an update nil leaves the
	// picture as it is and an empty one removes it.
	Picture []byte
}

// check returns the profile as stored, or why it cannot be.
func (p Profile) check() (Profile, error) {
	var err error
	for _, f := range []struct {
		what string
		text *string
	}{
		{"first name", &p.FirstName},
		{"last name", &p.LastName},
		{"display name", &p.DisplayName},
		{"mail address", &p.Email},
		{"phone number", &p.Phone},
		{"mobile number", &p.Mobile},
		{"organisation", &p.Organization},
		{"department", &p.Department},
		{"title", &p.Title},
	} {
		if *f.text, err = CheckText("the "+f.what, *f.text, maxFieldRunes); err != nil {
			return p, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if len(p.Picture) == 0 {
		return p, nil
	}
	p.Picture, err = shrink(p.Picture)
	return p, err
}

// apply writes the text fields to a user's row.
func (p Profile) apply(u *store.User) {
	u.FirstName, u.LastName, u.DisplayName = p.FirstName, p.LastName, p.DisplayName
	u.Email, u.Phone, u.Mobile = p.Email, p.Phone, p.Mobile
	u.Organization, u.Department, u.Title = p.Organization, p.Department, p.Title
	u.SearchText = searchText(*u, u.Email, u.Phone, u.Mobile)
}

// searchText returns what a search looks in: the text fields of a user, and
// the addresses and numbers, of which there may be more than the row has.
func searchText(u store.User, reach ...string) string {
	return SearchText(append([]string{
		u.Username, u.FirstName, u.LastName, u.DisplayName, u.Organization, u.Department, u.Title,
	}, reach...)...)
}

// UpdateProfile changes the profile of a user who is kept here. Errors:
// ErrNotFound, ErrElsewhere, ErrInvalid.
func (s *Service) UpdateProfile(ctx context.Context, username string, p Profile) (store.User, error) {
	user, err := s.Find(ctx, username)
	if err != nil {
		return user, err
	}
	if user.SourceID != nil {
		return user, fmt.Errorf("%q: %w", user.Username, ErrElsewhere)
	}
	checked, err := p.check()
	if err != nil {
		return user, err
	}
	checked.apply(&user)
	if err := s.store.UpdateProfile(ctx, user, checked.Picture); err != nil {
		return user, fmt.Errorf("storing the profile of %q: %w", user.Username, err)
	}
	s.audit.Record(ctx, "profile changed", user.Username, "")
	return user, nil
}

// DisplayName returns the name that a user is shown by: the one that a
// directory says, the full name, or the username if there is neither.
func DisplayName(u store.User) string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	if name := strings.TrimSpace(u.FirstName + " " + u.LastName); name != "" {
		return name
	}
	return u.Username
}

// shrink returns the middle square of a picture as a small JPEG.
func shrink(file []byte) ([]byte, error) {
	if len(file) > maxPictureBytes {
		return nil, fmt.Errorf("%w: the picture has more than %d MB", ErrInvalid, maxPictureBytes>>20)
	}
	// The size is read first: a small file can unpack to gigabytes.
	cfg, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: the picture is not a PNG, JPEG, GIF or WebP file", ErrInvalid)
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width*cfg.Height > maxPicturePixels {
		return nil, fmt.Errorf("%w: the picture of %d x %d pixels is too large", ErrInvalid, cfg.Width, cfg.Height)
	}
	src, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: the picture is damaged: %v", ErrInvalid, err)
	}
	b := src.Bounds()
	side := min(b.Dx(), b.Dy())
	square := image.Rect(0, 0, side, side).Add(b.Min).Add(image.Pt((b.Dx()-side)/2, (b.Dy()-side)/2))
	small := image.NewRGBA(image.Rect(0, 0, min(side, pictureSide), min(side, pictureSide)))
	// JPEG has no transparency: what shows through is white, not black.
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(small, small.Bounds(), src, square, draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 80}); err != nil {
		return nil, fmt.Errorf("encoding the picture: %w", err)
	}
	return out.Bytes(), nil
}
