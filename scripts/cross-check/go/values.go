package main

import (
	"bytes"
	"encoding/json"
	"math/big"
	"reflect"
)

// An object is a JSON object whose numbers are json.Number.
type object = map[string]any

// plain turns a computed value into the JSON value it stands for, and each
// number into one spelling.
func plain(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		panic(err)
	}
	return withPlainNumbers(decoded)
}

func withPlainNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if number, ok := new(big.Rat).SetString(value.String()); ok {
			return json.Number(number.RatString())
		}
	case []any:
		for i, item := range value {
			value[i] = withPlainNumbers(item)
		}
	case object:
		for name, item := range value {
			value[name] = withPlainNumbers(item)
		}
	}
	return value
}

func equal(a, b any) bool { return reflect.DeepEqual(plain(a), plain(b)) }

func show(value any) string { return writeJSON(value) }

// exactNumber is the value of a JSON number, whatever its spelling.
func exactNumber(value any) (number *big.Rat, ok bool) {
	digits, ok := value.(json.Number)
	if !ok {
		return nil, false
	}
	return new(big.Rat).SetString(digits.String())
}
