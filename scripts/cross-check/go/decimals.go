package main

import (
	"math/big"
	"regexp"
	"strings"
)

var plainDecimal = regexp.MustCompile(`^([0-9]+)(?:\.([0-9]+))?$`)

// asBaseUnits reads an amount as it is on the wire.
func asBaseUnits(name string, value any) *big.Int { return asDecimal(name, value, 256) }

// toBaseUnits reads an amount of whole tokens, and refuses what the places of
// the token cannot express.
func toBaseUnits(decimal string, places int, steps object) string {
	parts := plainDecimal.FindStringSubmatch(decimal)
	if parts == nil {
		refuse("%q is no decimal number", decimal)
	}
	whole, fraction := parts[1], parts[2]
	steps["whole"], steps["fraction"] = whole, fraction
	if len(fraction) > places {
		if strings.Trim(fraction[places:], "0") != "" {
			refuse("%q has more than %d places", decimal, places)
		}
		fraction = fraction[:places]
	}
	digits := whole + fraction + strings.Repeat("0", places-len(fraction))
	amount, _ := new(big.Int).SetString(digits, 10)
	return asBaseUnits("amount", amount.String()).String()
}

// asPlaces reads how many places a token has, a uint8 in its contract.
func asPlaces(name string, value any) int { return int(asNumber(name, value, 8).Int64()) }
