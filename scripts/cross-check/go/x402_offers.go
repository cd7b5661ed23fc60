package main

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

var x402Offers = map[string]operation{
	"x402.network.parse":      parseNetwork,
	"x402.price.parse":        parsePrice,
	"x402.requirements.match": matchRequirements,
	"x402.version.detect":     detectVersion,
}

var (
	namespaceForm = regexp.MustCompile(`^[-a-z0-9]{3,8}$`)
	referenceForm = regexp.MustCompile(`^[-_a-zA-Z0-9]{1,32}$`)
	chainIDForm   = regexp.MustCompile(`^[0-9]+$`)
)

func asNetwork(name string, value any) object {
	return parseNetwork(object{"network": asText(name, value)}, object{}).(object)
}

func parseNetwork(in, steps object) any {
	namespace, reference, hasColon := strings.Cut(text(in, "network"), ":")
	if !hasColon {
		refuse("no namespace")
	}
	steps["namespace"], steps["reference"] = namespace, reference
	if !namespaceForm.MatchString(namespace) || !referenceForm.MatchString(reference) {
		refuse("no name of CAIP-2")
	}
	network := object{"namespace": namespace, "reference": reference}
	if namespace == "eip155" {
		if !chainIDForm.MatchString(reference) {
			refuse("no chain id")
		}
		network["chainId"] = reference
	}
	return network
}

func parsePrice(in, steps object) any {
	decimal := priceText(required(in, "price"))
	steps["decimal"] = decimal
	places := asPlaces("decimals", required(in, "decimals"))
	return object{"amount": toBaseUnits(decimal, places, steps)}
}

func priceText(price any) string {
	if number, ok := price.(json.Number); ok {
		double, err := number.Float64()
		if err != nil {
			refuse("%s is no double", number)
		}
		return strconv.FormatFloat(double, 'f', -1, 64)
	}
	return strings.TrimPrefix(asText("price", price), "$")
}

func matchRequirements(in, steps object) any {
	accepted := nested(in, "accepted")
	offer.read(accepted)
	all := [][]string{}
	match := -1
	for i, item := range list(in, "accepts") {
		offered := asObject("offer", item)
		offer.read(offered)
		differing := contradictions(offered, accepted)
		if len(differing) == 0 && match < 0 {
			match = i
		}
		all = append(all, differing)
	}
	steps["differences"] = all
	if match < 0 {
		refuse("no such offer")
	}
	return object{"index": match}
}

func contradictions(offered, accepted object) []string {
	members := []string{}
	for _, name := range []string{"scheme", "network", "amount"} {
		if offered[name] != accepted[name] {
			members = append(members, name)
		}
	}
	for _, name := range []string{"asset", "payTo"} {
		if account(offered[name].(string)) != account(accepted[name].(string)) {
			members = append(members, name)
		}
	}
	if contradictExtra(offered["extra"], accepted["extra"]) {
		members = append(members, "extra")
	}
	return members
}

var addressForm = regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`)

// account is what an account is known by: the case of an address of EVM is a
// checksum only.
func account(name string) string {
	if addressForm.MatchString(name) {
		return strings.ToLower(name)
	}
	return name
}

func contradictExtra(offered, accepted any) bool {
	ours, _ := offered.(object)
	theirs, _ := accepted.(object)
	for key, value := range ours {
		if echoed, ok := theirs[key]; ok && !equal(echoed, value) {
			return true
		}
	}
	return false
}

func detectVersion(in, steps object) any {
	byHeader := versionByHeader(nested(in, "headers"))
	byBody := versionByBody(optional(in, "body"))
	steps["byHeader"], steps["byBody"] = byHeader, byBody
	switch {
	case byHeader != nil:
		return object{"version": byHeader}
	case byBody != nil:
		return object{"version": byBody}
	}
	refuse("nothing tells a version")
	return nil
}

func versionByHeader(headers object) any {
	var version any
	for name := range headers {
		switch strings.ToUpper(name) {
		case "PAYMENT-REQUIRED", "PAYMENT-SIGNATURE", "PAYMENT-RESPONSE":
			return 2
		case "X-PAYMENT", "X-PAYMENT-RESPONSE":
			version = 1
		}
	}
	return version
}

func versionByBody(body string) (version any) {
	value, _, refused := attempt(func(object, object) any { return readObject(body) }, nil)
	if refused == nil && equal(value.(object)["x402Version"], 1) {
		version = 1
	}
	return version
}
