package main

import (
	"fmt"
	"strings"
)

var amounts = map[string]operation{
	"amount.base-units.parse": func(in, steps object) any {
		amount := asBaseUnits("text", required(in, "text"))
		steps["word"] = fmt.Sprintf("0x%064x", amount)
		return object{"amount": amount.String()}
	},
	"amount.from-base-units": fromBaseUnits,
	"amount.to-base-units": func(in, steps object) any {
		places := asPlaces("decimals", required(in, "decimals"))
		return object{"amount": toBaseUnits(text(in, "decimal"), places, steps)}
	},
}

func fromBaseUnits(in, steps object) any {
	places := asPlaces("decimals", required(in, "decimals"))
	amount := asBaseUnits("amount", required(in, "amount"))
	digits := fmt.Sprintf("%0*d", places+1, amount)
	point := len(digits) - places
	whole, fraction := digits[:point], strings.TrimRight(digits[point:], "0")
	steps["whole"], steps["fraction"] = whole, fraction
	decimal := whole
	if fraction != "" {
		decimal += "." + fraction
	}
	return object{"decimal": decimal, "decimals": in["decimals"]}
}
