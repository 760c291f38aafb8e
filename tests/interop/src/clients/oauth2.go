// Drives golang.org/x/oauth2 as an application does. Reads one order (JSON) and answers line by line: {"open": URL} waits for the
// address that the browser came back to, {"device": ...} shows a code, {"tokens": [...]} and {"error": code} end.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type order struct {
	Flow         string     `json:"flow"`
	Issuer       string     `json:"issuer"`
	ClientID     string     `json:"clientId"`
	ClientSecret string     `json:"clientSecret"`
	Redirect     string     `json:"redirect"`
	Scopes       []string   `json:"scopes"`
	Parameters   url.Values `json:"parameters"`
	// 0: tries a Basic header, then the body; 1: the body; 2: a Basic header.
	Style oauth2.AuthStyle `json:"style"`
}

var input = bufio.NewReader(os.Stdin)

func main() {
	tokens, err := run()
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		say("error", refused.ErrorCode)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	default:
		say("tokens", tokens)
	}
}

func say(kind string, value any) {
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{kind: value}); err != nil {
		panic(err)
	}
}

func run() ([]*oauth2.Token, error) {
	line, err := input.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var asked order
	if err := json.Unmarshal(line, &asked); err != nil {
		return nil, err
	}
	ctx := context.Background()
	config := &oauth2.Config{
		ClientID:     asked.ClientID,
		ClientSecret: asked.ClientSecret,
		RedirectURL:  asked.Redirect,
		Scopes:       asked.Scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL:       asked.Issuer + "/authorize",
			TokenURL:      asked.Issuer + "/token",
			DeviceAuthURL: asked.Issuer + "/device_authorization",
			AuthStyle:     asked.Style,
		},
	}
	var first *oauth2.Token
	switch asked.Flow {
	case "client_credentials":
		robot := &clientcredentials.Config{
			ClientID:       asked.ClientID,
			ClientSecret:   asked.ClientSecret,
			TokenURL:       config.Endpoint.TokenURL,
			Scopes:         asked.Scopes,
			EndpointParams: asked.Parameters,
			AuthStyle:      asked.Style,
		}
		token, err := robot.Token(ctx)
		return []*oauth2.Token{token}, err
	case "code":
		first, err = byCode(ctx, config)
	case "device":
		first, err = byDevice(ctx, config)
	default:
		err = fmt.Errorf("the flow %q is not known", asked.Flow)
	}
	if err != nil {
		return nil, err
	}
	// Without an access token the library refreshes at once.
	second, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
	return []*oauth2.Token{first, second}, err
}

func byCode(ctx context.Context, config *oauth2.Config) (*oauth2.Token, error) {
	verifier := oauth2.GenerateVerifier()
	state := oauth2.GenerateVerifier()
	say("open", config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)))
	line, err := input.ReadString('\n')
	if err != nil {
		return nil, err
	}
	answer, err := url.Parse(line[:len(line)-1])
	if err != nil {
		return nil, err
	}
	if answer.Query().Get("state") != state {
		return nil, errors.New("the answer is of another login")
	}
	if refused := answer.Query().Get("error"); refused != "" {
		return nil, &oauth2.RetrieveError{ErrorCode: refused}
	}
	return config.Exchange(ctx, answer.Query().Get("code"), oauth2.VerifierOption(verifier))
}

func byDevice(ctx context.Context, config *oauth2.Config) (*oauth2.Token, error) {
	var credentials []oauth2.AuthCodeOption
	if config.ClientSecret != "" {
		// The library itself sends the name alone, though RFC 8628 section 3.1 asks confidential clients for more.
		credentials = append(credentials, oauth2.SetAuthURLParam("client_secret", config.ClientSecret))
	}
	device, err := config.DeviceAuth(ctx, credentials...)
	if err != nil {
		return nil, err
	}
	say("device", map[string]string{"uri": device.VerificationURI, "code": device.UserCode})
	return config.DeviceAccessToken(ctx, device)
}
