// The program oracle answers questions about Go's own parsers: a JSON line in, a JSON line out.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
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
