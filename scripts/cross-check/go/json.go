package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// readJSON reads text that is one JSON value and nothing else. Unlike
// encoding/json it refuses what readers understand differently: a name that
// stands twice, half of a surrogate pair, bytes that are no UTF-8, and numbers
// past the range of a double.
func readJSON(text string) any {
	if !utf8.ValidString(text) {
		refuse("no UTF-8")
	}
	if !json.Valid([]byte(text)) {
		refuse("no JSON")
	}
	refuseHalfPairs(text)
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	return nextValue(decoder)
}

func readObject(text string) object { return asObject("JSON", readJSON(text)) }

// nextValue reads a value of text that is known to be JSON.
func nextValue(decoder *json.Decoder) any {
	switch token := nextToken(decoder).(type) {
	case json.Number:
		if _, err := strconv.ParseFloat(token.String(), 64); err != nil {
			refuse("%s is no double", token)
		}
		return token
	case json.Delim:
		if token == '[' {
			return nextItems(decoder)
		}
		return nextMembers(decoder)
	default:
		return token
	}
}

func nextItems(decoder *json.Decoder) []any {
	items := []any{}
	for decoder.More() {
		items = append(items, nextValue(decoder))
	}
	nextToken(decoder)
	return items
}

func nextMembers(decoder *json.Decoder) object {
	members := object{}
	for decoder.More() {
		name := nextToken(decoder).(string)
		if _, ok := members[name]; ok {
			refuse("%q stands twice", name)
		}
		members[name] = nextValue(decoder)
	}
	nextToken(decoder)
	return members
}

func nextToken(decoder *json.Decoder) json.Token {
	token, err := decoder.Token()
	if err != nil {
		panic(err)
	}
	return token
}

var escape = regexp.MustCompile(`\\(?:u([0-9A-Fa-f]{4})|.)`)

// refuseHalfPairs looks for surrogates that stand alone, or out of order.
func refuseHalfPairs(text string) {
	high, end := rune(0), 0
	for _, at := range escape.FindAllStringSubmatchIndex(text, -1) {
		var unit rune
		if at[2] >= 0 {
			value, _ := strconv.ParseUint(text[at[2]:at[3]], 16, 16)
			unit = rune(value)
		}
		switch {
		case high != 0 && at[0] == end && utf16.DecodeRune(high, unit) != utf8.RuneError:
			high = 0
		case high != 0:
			refuse("half of a surrogate pair")
		case utf16.IsSurrogate(unit):
			high, end = unit, at[1]
		}
	}
	if high != 0 {
		refuse("half of a surrogate pair")
	}
}

// writeJSON is the JSON of a value in an ordinary form.
func writeJSON(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return string(bytes.TrimSpace(text.Bytes()))
}

// canonical is the JSON of RFC 8785.
func canonical(value any) string { return canonicalText(writeJSON(value)) }

// canonicalText brings JSON into this form. The library takes lists and
// objects only, so the value is made the item of a list.
func canonicalText(text string) string {
	transformed, err := jcs.Transform([]byte("[" + text + "]"))
	if err != nil {
		refuse("no canonical JSON: %v", err)
	}
	return string(transformed[1 : len(transformed)-1])
}
