// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/account"
	"jamibox/enroll/admin"
	"jamibox/enroll/store"
)

// description is openapi.yaml, read once.
var description = sync.OnceValues(func() (*openapi3.T, error) {
	openapi3filter.RegisterBodyDecoder("application/x-pem-file", openapi3filter.PlainBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.PlainBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err == nil {
		doc.Servers = nil // any host will do
	}
	return doc, err
})

// api calls a box and holds each exchange against the description.
type api struct {
	box    *appliancetest.Box
	client *appliancetest.Client
	doc    *openapi3.T
	router routers.Router

	mu   sync.Mutex
	seen map[string]bool // "GET /api/v1/users 200"; guarded by mu
}

func newAPI(t testing.TB, box *appliancetest.Box) *api {
	t.Helper()
	doc, err := description()
	require.NoError(t, err)
	router, err := legacy.NewRouter(doc)
	require.NoError(t, err)
	return &api{box: box, client: box.NewClient(t), doc: doc, router: router, seen: map[string]bool{}}
}

// problem is the body of an error answer.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

// answer is what came back, and the request as it was sent.
type answer struct {
	appliancetest.Reply
	request *http.Request
}

// problem returns the error that an answer describes.
func (a answer) problem(t testing.TB) problem {
	t.Helper()
	var p problem
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"), "%s", a.Body)
	a.JSON(t, &p)
	require.Equal(t, a.Status, p.Status)
	require.NotEmpty(t, p.Title)
	return p
}

// bearer returns an edit that adds a token.
func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// badEscape has the last "%25" of the path sent as "%", which makes no
// character of what follows.
func badEscape(r *http.Request) {
	r.URL.Opaque = strings.Replace(r.URL.EscapedPath(), "%25", "%", 1)
}

// send sends a request; text goes as it is, other bodies as JSON. It does not
// look at the description.
func (a *api) send(t testing.TB, method, path string, body any, edits ...func(*http.Request)) answer {
	t.Helper()
	var sent *http.Request
	reply := a.client.Do(t, method, admin.Prefix+path, body, func(r *http.Request) {
		for _, edit := range edits {
			edit(r)
		}
		sent = r
	})
	return answer{reply, sent}
}

// call is send, and checks the answer against the description, the request too
// if it was accepted: what the box takes must be described.
func (a *api) call(t testing.TB, method, path string, body any, edits ...func(*http.Request)) answer {
	t.Helper()
	var raw []byte
	switch b := body.(type) {
	case nil:
	case string:
		raw = []byte(b)
	default:
		var err error
		raw, err = json.Marshal(b)
		require.NoError(t, err)
	}
	got := a.send(t, method, path, body, edits...)
	got.request.URL.Opaque = ""
	route, parameters, err := a.router.FindRoute(got.request)
	require.NoError(t, err, "%s %s", method, path)
	a.mu.Lock()
	a.seen[method+" "+route.Path+" "+http.StatusText(got.Status)] = true
	a.mu.Unlock()

	options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: presented}
	request := got.request.Clone(context.Background())
	request.Body = io.NopCloser(bytes.NewReader(raw))
	if len(raw) == 0 {
		request.Body = http.NoBody
	}
	input := &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route, Options: options}
	if got.Status < http.StatusBadRequest {
		require.NoError(t, openapi3filter.ValidateRequest(t.Context(), input), "%s %s was accepted", method, path)
	}
	documented := route.Operation.Responses.Status(got.Status)
	require.True(t, documented != nil || got.Status == http.StatusInternalServerError,
		"%s %s: %d is not described: %s", method, path, got.Status, got.Body)
	response := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: got.Status, Header: got.Header, Options: options}
	response.SetBodyBytes(got.Body)
	require.NoError(t, openapi3filter.ValidateResponse(t.Context(), response), "%s %s: %d %s", method, path, got.Status, got.Body)
	return got
}

// presented tells whether the credentials that an operation asks for are there.
func presented(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	header := "Authorization"
	if in.SecurityScheme.Type == "apiKey" {
		header = in.SecurityScheme.Name
	}
	if in.RequestValidationInput.Request.Header.Get(header) == "" {
		return errors.New(header + " is missing")
	}
	return nil
}

// administrator returns an edit that bears a new session.
func (a *api) administrator(t testing.TB) func(*http.Request) {
	t.Helper()
	got := a.call(t, http.MethodPost, "/session", map[string]string{"name": "admin", "password": appliancetest.Password})
	require.Equal(t, http.StatusCreated, got.Status, "%s", got.Body)
	var session struct{ Token string }
	got.JSON(t, &session)
	return bearer(session.Token)
}

// person returns an edit that bears a new token of a user.
func (a *api) person(t testing.TB, name string) func(*http.Request) {
	t.Helper()
	reply := a.client.Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic(name, appliancetest.Password))
	require.Equal(t, http.StatusOK, reply.Status, "%s", reply.Body)
	var got struct {
		Token string `json:"access_token"`
	}
	reply.JSON(t, &got)
	return bearer(got.Token)
}

// endedSession returns an edit that bears a session which has expired.
func (a *api) endedSession(t testing.TB) func(*http.Request) {
	t.Helper()
	row, err := a.box.Box.Store().Administrator(t.Context(), "admin")
	require.NoError(t, err)
	token, hash := account.NewToken()
	now := time.Now().UTC()
	require.NoError(t, a.box.Box.Store().AddAdministratorSession(t.Context(), store.AdministratorSession{
		TokenHash: hash, AdministratorID: row.ID, CreatedAt: now.Add(-time.Hour), ExpiresAt: now.Add(-time.Second),
	}))
	return bearer(token)
}

// enrolled returns the id of a new device of a user.
func (a *api) enrolled(t testing.TB, user string, key int) string {
	t.Helper()
	client := a.box.NewClient(t)
	client.Enrol(t, user, key)
	var list struct{ Devices []admin.Device }
	require.Equal(t, http.StatusOK, a.box.Call(t, http.MethodGet, "/users/"+user+"/devices", nil, &list))
	require.NotEmpty(t, list.Devices)
	return list.Devices[len(list.Devices)-1].DeviceID
}

// problemOf checks status and code of an error answer and returns its detail.
func problemOf(t testing.TB, got answer, status int, code string) string {
	t.Helper()
	require.Equal(t, status, got.Status, "%s", got.Body)
	p := got.problem(t)
	require.Equal(t, code, p.Code, "%s", p.Detail)
	require.False(t, strings.Contains(p.Detail, "json:") || strings.Contains(p.Detail, "Go "), "decoder's words: %s", p.Detail)
	return p.Detail
}
