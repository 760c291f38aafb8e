// Makes a token with the JWT library that scitokens-go is built on (it has no way of its own to sign), of what it reads as one
// JSON object. Writes the token.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/lestrrat-go/jwx/jwa"
	"github.com/lestrrat-go/jwx/jwk"
	"github.com/lestrrat-go/jwx/jwt"
)

type order struct {
	PrivateKeyFile string         `json:"privateKeyFile"`
	Alg            string         `json:"alg"`
	Kid            string         `json:"kid"`
	Claims         map[string]any `json:"claims"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var asked order
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	pem, err := os.ReadFile(asked.PrivateKeyFile)
	if err != nil {
		return err
	}
	key, err := jwk.ParseKey(pem, jwk.WithPEM(true))
	if err != nil {
		return err
	}
	if err := key.Set(jwk.KeyIDKey, asked.Kid); err != nil {
		return err
	}
	token := jwt.New()
	for name, value := range asked.Claims {
		if err := token.Set(name, value); err != nil {
			return err
		}
	}
	text, err := jwt.Sign(token, jwa.SignatureAlgorithm(asked.Alg), key)
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	return nil
}
