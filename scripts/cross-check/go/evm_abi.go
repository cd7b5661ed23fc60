package main

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// A parameter is declared as in Solidity: a type and a name.
type parameter struct{ kind, name string }

// parameters reads a list of them, whether or not spaces follow its commas.
func parameters(declaration string) []parameter {
	var list []parameter
	for part := range strings.SplitSeq(declaration, ",") {
		kind, name, _ := strings.Cut(strings.TrimSpace(part), " ")
		list = append(list, parameter{kind, name})
	}
	return list
}

// An argument is a value of an ABI type.
type argument struct {
	kind  string
	value any
}

// asArgument reads a value of an elementary type. Chain ids are JSON numbers;
// other integers are decimal strings. An integer takes a word whatever its
// width, so all are encoded as the widest once they are known to fit.
func (p parameter) asArgument(value any) argument {
	switch bits, isInteger := strings.CutPrefix(p.kind, "uint"); {
	case p.kind == "address":
		return argument{p.kind, asAddress(p.name, value)}
	case p.kind == "bytes32":
		return argument{p.kind, asWord(p.name, value)}
	case isInteger:
		width, err := strconv.Atoi(bits)
		if err != nil {
			panic(err)
		}
		return argument{"uint256", p.asInteger(value, width)}
	}
	panic("no elementary type: " + p.kind)
}

func (p parameter) asInteger(value any, width int) *big.Int {
	if p.name == "chainId" {
		return asNumber(p.name, value, width)
	}
	return asDecimal(p.name, value, width)
}

// arguments reads the declared members of an object.
func arguments(declaration string, in object) []argument {
	var list []argument
	for _, parameter := range parameters(declaration) {
		list = append(list, parameter.asArgument(required(in, parameter.name)))
	}
	return list
}

func abiEncode(list ...argument) []byte {
	var types abi.Arguments
	var values []any
	for _, argument := range list {
		kind, err := abi.NewType(argument.kind, "", nil)
		if err != nil {
			panic(err)
		}
		types = append(types, abi.Argument{Type: kind})
		values = append(values, argument.value)
	}
	encoded, err := types.Pack(values...)
	if err != nil {
		panic(err)
	}
	return encoded
}

func keccak(data ...[]byte) []byte { return crypto.Keccak256(data...) }

func hexOf(data []byte) string { return hexutil.Encode(data) }
