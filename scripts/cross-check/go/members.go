package main

import (
	"encoding/hex"
	"encoding/json"
	"math/big"
	"regexp"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// The functions of this file read a value of the type they are named after,
// and refuse any other; name is that of the member it comes from.

func required(in object, name string) any {
	value, ok := in[name]
	if !ok {
		refuse("%s is missing", name)
	}
	return value
}

func asText(name string, value any) string {
	text, ok := value.(string)
	if !ok {
		refuse("%s is no text", name)
	}
	return text
}

func asFlag(name string, value any) bool {
	flag, ok := value.(bool)
	if !ok {
		refuse("%s is no boolean", name)
	}
	return flag
}

func asObject(name string, value any) object {
	members, ok := value.(object)
	if !ok {
		refuse("%s is no object", name)
	}
	return members
}

func asList(name string, value any) []any {
	list, ok := value.([]any)
	if !ok {
		refuse("%s is no list", name)
	}
	return list
}

func asBytes(name string, value any) []byte {
	digits, ok := strings.CutPrefix(asText(name, value), "0x")
	if !ok {
		refuse("%s has no 0x", name)
	}
	bytes, err := hex.DecodeString(digits)
	if err != nil {
		refuse("%s is not hexadecimal", name)
	}
	return bytes
}

func asSignature(name string, value any) []byte {
	signature := asBytes(name, value)
	if len(signature) != crypto.SignatureLength {
		refuse("%s has %d bytes", name, len(signature))
	}
	return signature
}

func asWord(name string, value any) common.Hash {
	word := asBytes(name, value)
	if len(word) != common.HashLength {
		refuse("%s has %d bytes", name, len(word))
	}
	return common.Hash(word)
}

func asAddress(name string, value any) common.Address {
	address := asBytes(name, value)
	if len(address) != common.AddressLength {
		refuse("%s has %d bytes", name, len(address))
	}
	return common.Address(address)
}

var integer = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

// asDecimal reads an unsigned integer of so many bits from a decimal string.
func asDecimal(name string, value any, bits int) *big.Int {
	return unsigned(name, asText(name, value), bits)
}

// asNumber reads one from a JSON number.
func asNumber(name string, value any, bits int) *big.Int {
	return unsigned(name, asAnyNumber(name, value).String(), bits)
}

func asAnyNumber(name string, value any) json.Number {
	number, ok := value.(json.Number)
	if !ok {
		refuse("%s is no number", name)
	}
	return number
}

func unsigned(name, digits string, bits int) *big.Int {
	if !integer.MatchString(digits) {
		refuse("%s is no unsigned integer", name)
	}
	value, _ := new(big.Int).SetString(digits, 10)
	if value.BitLen() > bits {
		refuse("%s has more than %d bits", name, bits)
	}
	return value
}

// asInteger reads an integer of either sign from a JSON number.
func asInteger(name string, value any) *big.Int {
	integer, ok := new(big.Int).SetString(asAnyNumber(name, value).String(), 10)
	if !ok {
		refuse("%s is no integer", name)
	}
	return integer
}

func text(in object, name string) string      { return asText(name, required(in, name)) }
func nested(in object, name string) object    { return asObject(name, required(in, name)) }
func list(in object, name string) []any       { return asList(name, required(in, name)) }
func word(in object, name string) common.Hash { return asWord(name, required(in, name)) }

func address(in object, name string) common.Address {
	return asAddress(name, required(in, name))
}

// filled is a text that is not empty.
func filled(in object, name string) string { return asFilled(name, required(in, name)) }

func asFilled(name string, value any) string {
	filled := asText(name, value)
	if filled == "" {
		refuse("%s is empty", name)
	}
	return filled
}

// given is a member that may be absent, or null, which is the same.
func given(in object, name string) (value any, ok bool) {
	value = in[name]
	return value, value != nil
}

// optional is a text, or empty where it is not given.
func optional(in object, name string) string {
	value, ok := given(in, name)
	if !ok {
		return ""
	}
	return asText(name, value)
}

// copyTexts copies the members of these names that are given, which must be
// texts.
func copyTexts(to, from object, names ...string) {
	for _, name := range names {
		if value, ok := given(from, name); ok {
			to[name] = asText(name, value)
		}
	}
}
