// The program oracle answers questions about Go's own parsers and signatures: a JSON line in, a JSON line out.
package main

import (
	"bufio"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	nebula "github.com/slackhq/nebula/cert"
	"go.step.sm/crypto/jose"
	"go.step.sm/crypto/x25519"
	"golang.org/x/net/http/httpproxy"
)

// question names a parser in Ask and carries its input.
type question struct {
	Ask      string   `json:"ask"`
	Text     string   `json:"text"`
	Words    []string `json:"words"`
	Switches []string `json:"switches"`
	Values   []string `json:"values"`
}

// answer holds what the parser made of it, or its error. Numbers are text: JSON's lose digits.
type answer struct {
	Error      string      `json:"error,omitempty"`
	Help       bool        `json:"help,omitempty"`
	Sets       [][2]string `json:"sets,omitempty"`
	Positional []string    `json:"positional,omitempty"`
	Number     string      `json:"number,omitempty"`
	Fraction   int         `json:"fraction,omitempty"`
	Text       string      `json:"text,omitempty"`
	Truth      bool        `json:"truth,omitempty"`
}

// recorder takes down every value that flag sets, in order.
type recorder struct {
	name   string
	isBool bool
	sets   *[][2]string
}

func (r recorder) String() string   { return "" }
func (r recorder) IsBoolFlag() bool { return r.isBool }

func (r recorder) Set(value string) error {
	if r.isBool {
		truth, err := strconv.ParseBool(value)
		if err != nil {
			return err
		}
		value = strconv.FormatBool(truth)
	}
	*r.sets = append(*r.sets, [2]string{r.name, value})
	return nil
}

func newFlagSet(q question, sets *[][2]string) *flag.FlagSet {
	set := flag.NewFlagSet("oracle", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	for _, name := range q.Switches {
		set.Var(recorder{name, true, sets}, name, "")
	}
	for _, name := range q.Values {
		set.Var(recorder{name, false, sets}, name, "")
	}
	return set
}

// parseFlags runs flag's parser; where it stops at a positional word, it runs on behind that word.
func parseFlags(q question) answer {
	var result answer
	words := q.Words
	for {
		set := newFlagSet(q, &result.Sets)
		if err := set.Parse(words); err != nil {
			return answer{Error: err.Error(), Help: errors.Is(err, flag.ErrHelp), Sets: result.Sets}
		}
		rest := set.Args()
		taken := words[:len(words)-len(rest)]
		if len(rest) == 0 || endsFlags(q, taken) {
			result.Positional = append(result.Positional, rest...)
			return result
		}
		result.Positional = append(result.Positional, rest[0])
		words = rest[1:]
	}
}

// endsFlags reports whether the last word that flag took was "--" by itself, not the value of a flag.
func endsFlags(q question, taken []string) bool {
	last := len(taken) - 1
	if last < 0 || taken[last] != "--" {
		return false
	}
	var sets [][2]string
	return newFlagSet(q, &sets).Parse(taken[:last]) == nil
}

// signXEdDSA signs a message with an X25519 key, both in hexadecimal; the public key comes first.
func signXEdDSA(words []string) answer {
	key, err := decodeAll(words, 2)
	if err != nil {
		return answer{Error: err.Error()}
	}
	public, err := x25519.PrivateKey(key[0]).PublicKey()
	if err != nil {
		return answer{Error: err.Error()}
	}
	signature, err := x25519.PrivateKey(key[0]).Sign(rand.Reader, key[1], crypto.Hash(0))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Positional: []string{hex.EncodeToString(public), hex.EncodeToString(signature)}}
}

// verifyXEdDSA tells whether a signature is an X25519 key's for a message, all in hexadecimal.
func verifyXEdDSA(words []string) answer {
	parts, err := decodeAll(words, 3)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Truth: x25519.Verify(x25519.PublicKey(parts[0]), parts[1], parts[2])}
}

// readNebula reads a Nebula certificate in PEM, and gives what stands in it as JSON.
func readNebula(text string) answer {
	certificate, _, err := nebula.UnmarshalCertificateFromPEM([]byte(text))
	if err != nil {
		return answer{Error: err.Error()}
	}
	data, err := certificate.MarshalJSON()
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Text: string(data)}
}

// readURL takes a URL apart, and gives it as Go writes it: whole, without its port, and with each of the fragments.
func readURL(text string, fragments []string) answer {
	u, err := url.Parse(text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	result := answer{Positional: []string{u.Scheme, u.Host, u.Fragment, u.String()}}
	for _, fragment := range fragments {
		result.Positional = append(result.Positional, u.ResolveReference(&url.URL{Fragment: fragment}).String())
	}
	u.Host = u.Hostname()
	result.Text = u.String()
	return result
}

// readBase64 decodes base64 as step-ca does what stands in certificates, in cnf and in the parts of a token.
func readBase64(words []string) answer {
	var data []byte
	var err error
	switch words[0] {
	case "standard":
		data, err = base64.StdEncoding.DecodeString(words[1])
	case "url":
		data, err = base64.RawURLEncoding.DecodeString(words[1])
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Text: hex.EncodeToString(data)}
}

// readClaims reads JSON, in hexadecimal, as go-jose reads what a token claims.
func readClaims(text string) answer {
	data, err := hex.DecodeString(text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	token, err := jose.ParseSigned("e30." + base64.RawURLEncoding.EncodeToString(data) + ".")
	if err != nil {
		return answer{Error: err.Error()}
	}
	var claims any
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return answer{Error: err.Error()}
	}
	said, err := json.Marshal(claims)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Text: string(said)}
}

// readJWS reads a token, in any serialization, and tells whether it is signed by the key in the first word, a JWK.
func readJWS(words []string) answer {
	var key jose.JSONWebKey
	if err := json.Unmarshal([]byte(words[0]), &key); err != nil {
		return answer{Error: err.Error()}
	}
	token, err := jose.ParseSigned(words[1])
	if err != nil {
		return answer{Error: err.Error()}
	}
	extra, err := json.Marshal(token.Headers[0].ExtraHeaders)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var claims map[string]any
	return answer{
		Truth:      token.Claims(key, &claims) == nil,
		Positional: []string{token.Headers[0].KeyID, token.Headers[0].Algorithm, string(extra)},
	}
}

// chooseProxy tells whether a request to the second word goes through a proxy, where NO_PROXY is the first.
func chooseProxy(words []string) answer {
	if len(words) != 2 {
		return answer{Error: fmt.Sprintf("%d words, not 2", len(words))}
	}
	target, err := url.Parse(words[1])
	if err != nil {
		return answer{Error: err.Error()}
	}
	config := httpproxy.Config{HTTPSProxy: "http://proxy.test", NoProxy: words[0]}
	proxy, err := config.ProxyFunc()(target)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Truth: proxy != nil}
}

// decodeAll reads so many words in hexadecimal, of which the first is a key of 32 bytes.
func decodeAll(words []string, count int) ([][]byte, error) {
	if len(words) != count {
		return nil, fmt.Errorf("%d words, not %d", len(words), count)
	}
	parts := make([][]byte, count)
	for i, word := range words {
		part, err := hex.DecodeString(word)
		if err != nil {
			return nil, err
		}
		parts[i] = part
	}
	if len(parts[0]) != x25519.PublicKeySize {
		return nil, errors.New("the key is not 32 bytes long")
	}
	return parts, nil
}

func reply(q question) answer {
	switch q.Ask {
	case "flags":
		return parseFlags(q)
	case "duration":
		d, err := time.ParseDuration(q.Text)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Number: strconv.FormatInt(int64(d), 10), Text: d.String()}
	case "format":
		n, err := strconv.ParseInt(q.Text, 10, 64)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Text: time.Duration(n).String()}
	case "time":
		var t time.Time
		if err := t.UnmarshalText([]byte(q.Text)); err != nil {
			return answer{Error: err.Error()}
		}
		text, err := t.UTC().MarshalText()
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Number: strconv.FormatInt(t.Unix(), 10), Fraction: t.Nanosecond(), Text: string(text)}
	case "bool":
		truth, err := strconv.ParseBool(q.Text)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Truth: truth}
	case "url":
		return readURL(q.Words[0], q.Words[1:])
	case "base64":
		return readBase64(q.Words)
	case "claims":
		return readClaims(q.Text)
	case "jws":
		return readJWS(q.Words)
	case "ip":
		ip := net.ParseIP(q.Text)
		if ip == nil {
			return answer{Error: "no IP address"}
		}
		return answer{Text: ip.String()}
	case "nebula":
		return readNebula(q.Text)
	case "proxy":
		return chooseProxy(q.Words)
	case "xeddsa-sign":
		return signXEdDSA(q.Words)
	case "xeddsa-verify":
		return verifyXEdDSA(q.Words)
	}
	return answer{Error: fmt.Sprintf("no parser is called %q", q.Ask)}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Encode(reply(q)); err != nil {
			os.Exit(1)
		}
	}
}
