// Puts tokens to Go's JWT libraries. Questions and answers as in verify.py.
package main

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

type question struct {
	Library  string          `json:"library"`
	Token    string          `json:"token"`
	Alg      string          `json:"alg"`
	Key      json.RawMessage `json:"key"`
	Issuer   string          `json:"issuer"`
	Audience *string         `json:"audience"`
}

var libraries = map[string]func(question, jwk.Key, crypto.PublicKey) error{
	"golang-jwt": withGolangJwt,
	"jwx":        withJwx,
	"go-oidc":    withGoOidc,
}

func withGolangJwt(asked question, _ jwk.Key, public crypto.PublicKey) error {
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{asked.Alg}), jwt.WithIssuer(asked.Issuer), jwt.WithExpirationRequired(),
	}
	if asked.Audience != nil {
		options = append(options, jwt.WithAudience(*asked.Audience))
	}
	_, err := jwt.Parse(asked.Token, func(*jwt.Token) (any, error) { return public, nil }, options...)
	return err
}

func withJwx(asked question, key jwk.Key, _ crypto.PublicKey) error {
	algorithm, known := jwa.LookupSignatureAlgorithm(asked.Alg)
	if !known {
		return errors.New("no such algorithm")
	}
	options := []jwxjwt.ParseOption{jwxjwt.WithKey(algorithm, key), jwxjwt.WithIssuer(asked.Issuer)}
	if asked.Audience != nil {
		options = append(options, jwxjwt.WithAudience(*asked.Audience))
	}
	_, err := jwxjwt.Parse([]byte(asked.Token), options...)
	return err
}

func withGoOidc(asked question, _ jwk.Key, public crypto.PublicKey) error {
	config := &oidc.Config{SupportedSigningAlgs: []string{asked.Alg}, SkipClientIDCheck: asked.Audience == nil}
	if asked.Audience != nil {
		config.ClientID = *asked.Audience
	}
	keys := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{public}}
	_, err := oidc.NewVerifier(asked.Issuer, keys, config).Verify(context.Background(), asked.Token)
	return err
}

func answer(asked question) error {
	key, err := jwk.ParseKey(asked.Key)
	if err != nil {
		return err
	}
	var public any
	if err := jwk.Export(key, &public); err != nil {
		return err
	}
	return libraries[asked.Library](asked, key, public)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return err
	}
	answers := make([]*string, len(questions))
	for index, asked := range questions {
		if err := answer(asked); err != nil {
			why := err.Error()
			answers[index] = &why
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}
