package main

import (
	"math/big"
	"strings"
)

// A shape names the members of an object and what reads each. A name that ends
// in ? may be absent, and null is as good as absent.
type shape map[string]reader

type reader func(name string, value any) any

// read leaves out the members the shape does not name.
func (s shape) read(in object) object {
	members := object{}
	for name, read := range s {
		name, mayLack := strings.CutSuffix(name, "?")
		if in[name] != nil {
			members[name] = read(name, in[name])
		} else if !mayLack {
			refuse("%s is missing", name)
		}
	}
	return members
}

// only reads an object down to the members the shape names.
func (s shape) only(name string, value any) any { return s.read(asObject(name, value)) }

// asIs checks the members of an object, and leaves the object as it is.
func (s shape) asIs(name string, value any) any {
	s.read(asObject(name, value))
	return value
}

// asIs checks a value, and leaves it as it is.
func asIs[T any](read func(string, any) T) reader {
	return func(name string, value any) any {
		read(name, value)
		return value
	}
}

func listOf(read reader) reader {
	return func(name string, value any) any {
		for _, item := range asList(name, value) {
			read(name, item)
		}
		return value
	}
}

func oneOf(choices ...any) reader {
	return func(name string, value any) any {
		for _, choice := range choices {
			if equal(value, choice) {
				return value
			}
		}
		refuse("%s is none of %v", name, choices)
		return nil
	}
}

func emptyOr(read reader) reader {
	return func(name string, value any) any {
		if value == "" {
			return value
		}
		return read(name, value)
	}
}

func ofBits(read func(string, any, int) *big.Int, bits int) reader {
	return func(name string, value any) any {
		read(name, value, bits)
		return value
	}
}

func lowerWord(name string, value any) any {
	word := asWord(name, value)
	return hexOf(word[:])
}

func lowerAddress(name string, value any) any {
	address := asAddress(name, value)
	return hexOf(address[:])
}
