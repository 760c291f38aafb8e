// The Go library behind the peer protocol: one JSON object per line in, one per line out.
//
// Its keys come from memory: where the library would open an issuer's URLs, it is given what the question says is published
// there.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	scitokens "github.com/scitokens/scitokens-go"
)

const (
	metadataPath = "/.well-known/oauth-authorization-server"
	jwksPath     = "/keys-of-the-case"
)

type request struct {
	Op          string `json:"op"`
	Authz       string `json:"authz"`
	Path        string `json:"path"`
	Group       string `json:"group"`
	IsDirectory bool   `json:"isDirectory"`
}

type question struct {
	Hello     string                     `json:"hello"`
	Published map[string]json.RawMessage `json:"published"`
	Token     string                     `json:"token"`
	Request   request                    `json:"request"`
	Enforcer  struct {
		Issuers  []string `json:"issuers"`
		Audience []string `json:"audience"`
	} `json:"enforcer"`
}

// published stands in for the network.
type published map[string]json.RawMessage

func (p published) RoundTrip(r *http.Request) (*http.Response, error) {
	for issuer, keys := range p {
		stem := strings.TrimSuffix(issuer, "/")
		switch r.URL.String() {
		case stem + metadataPath:
			body, _ := json.Marshal(map[string]string{"issuer": issuer, "jwks_uri": stem + jwksPath})
			return respond(r, body), nil
		case stem + jwksPath:
			return respond(r, keys), nil
		}
	}
	return nil, errors.New("nothing is published there")
}

func respond(r *http.Request, body []byte) *http.Response {
	return &http.Response{
		Status:     "200 OK",
		StatusCode: http.StatusOK,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(body)),
		Request:    r,
	}
}

func ask(q question) map[string]any {
	if q.Request.IsDirectory {
		return map[string]any{"cannot": "it cannot be told that a path is a directory"}
	}
	http.DefaultTransport = published(q.Published)
	enforcer, err := scitokens.NewEnforcer(q.Enforcer.Issuers...)
	if err != nil {
		return no("error", err)
	}
	for _, audience := range q.Enforcer.Audience {
		if err := enforcer.RequireAudience(audience); err != nil {
			return no("error", err)
		}
	}
	token, err := enforcer.ValidateTokenString(q.Token)
	if err != nil {
		return no("invalid", err)
	}
	switch q.Request.Op {
	case "test":
		err = enforcer.Validate(token, scitokens.WithScope(scitokens.Scope{Auth: q.Request.Authz, Path: q.Request.Path}))
	case "group":
		err = enforcer.Validate(token, scitokens.WithGroup(q.Request.Group))
	}
	if err != nil {
		return no("deny", err)
	}
	return map[string]any{"outcome": "allow"}
}

func no(outcome string, err error) map[string]any {
	return map[string]any{"outcome": outcome, "message": err.Error()}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if strings.HasSuffix(module.Path, "/scitokens-go") {
				return module.Version
			}
		}
	}
	return ""
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		var answer map[string]any
		switch err := json.Unmarshal(line, &q); {
		case err != nil:
			answer = map[string]any{"cannot": "its questions have strings where this one has something else"}
		case q.Hello != "":
			answer = map[string]any{
				"protocol":   q.Hello,
				"name":       "scitokens-go " + version(),
				"operations": []string{"test", "verify", "group"},
				"options": map[string]any{
					"issuers": true, "audience": true, "profiles": []string{"compat"}, "clockTolerance": []int{0},
				},
			}
		default:
			answer = ask(q)
		}
		text, _ := json.Marshal(answer)
		fmt.Println(string(text))
	}
}
